"""The published protocol: messages, codec, schema and mask code. All that a client needs; it imports nothing of the line."""
