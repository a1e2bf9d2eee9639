"""The server side: gateway, pipeline, rails, generators, retrieval.

Imports point inwards: deploy → gateway → adapters → pure logic → ports, errors, wire.
`backend.protocol.wire` is all that the editor side may import, so this file stays empty of code.
"""
