"""The imports room: incidents of the past, brought in from another status page as records that nobody is told of.

One module per source turns what it holds into `Draft` values, `past` makes them incidents in our own terms, `writing`
records. Only `sources` and `fetch` read the files and addresses of others, and only `writing` reads and writes records.
Nothing here publishes: an import ends in files that a person can read.
"""
