"""Everything that speaks HTTP to us: the door for webhooks, the API, health.

Takes HTTP calls, gives answers as openapi.yaml has them. Refuses with problem documents; never
sees a channel or a setting.
"""
