"""The system's one DynamoDB table.

Reading and writing items on condition, whose an item is, lists by index and their cursors.  It knows no file;
everything else of `intake` stands above it. Begin with `table`.
"""
