"""The imports room: incidents of the past, brought in from another status page as records that nobody is told of.

One module per source turns what it holds into plain `Past` values; `writing` makes records of them. Only `sources` and
`fetch` read files and addresses. Nothing here publishes: an import ends in files that a person can read.
"""
