"""The renderer: small pictures of files that anybody may have sent, for people to recognise them by.

It imports `intake` alone. Begin with `renderer`, which reads an object and has a child `process` draw it, within
`limits`; what the child runs is `child`, and the package `drawing`, which nothing but a child ever imports.
"""
