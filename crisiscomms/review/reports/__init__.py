"""What review found, for whoever reads it: a program, a pull request, a browser. The terminal is the command line's own.

    model          what was checked and what was found, as one plain value
    score          which message holds which element: present, weak, missing, or not asked now
    plain          the value as JSON; `check.schema.json` is its shape
    annotations    as GitHub shows it beside the lines of a pull request
    sarif          as code scanners exchange it
    page           as one HTML page, each message beside what was found in it

`elements.toml` names the elements, and what makes each weak.
"""
