"""What the language server adds to LSP: methods, their parameters and results.

One file per capability. ``docs/lsp.md`` and the type files of the editor plugins mirror it. Members
are camelCase on the wire. Lines and characters count as in LSP (from 0, in the negotiated position
encoding), also where ``backend.protocol.wire`` counts from 1.
"""
