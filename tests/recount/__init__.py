"""An independent recount: what the records and the objects say, held against everything that is kept beside them.

`snapshot` reads a whole table and its buckets with plain boto3, `stories` reads what became of each file from its
record alone, and each further module recounts one thing from that. Nothing here is imported from what computes the sums
in the product: what is counted is understood anew, from the design and the ADRs. Begin with `differences`.
"""
