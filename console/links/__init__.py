"""The outside world: door (HTTP, WebSocket), MQTT, local socket. May import `model`; never `store` or `media`."""
