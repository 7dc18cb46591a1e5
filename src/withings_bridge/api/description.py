"""What the API says of itself, above its calls in Swagger UI."""

DESCRIPTION = """
Links Vitals7 users to Withings, receives Withings' notifications, and keeps measurements, activity,
sleep and devices in step. **API version v1.**

### In short
1. Open `/login?state={cognito_user_id}` in a pop-up; the person consents at Withings.
2. The success page posts `{type: 'WITHINGS_AUTH_COMPLETE', success: true, timestamp}` to its opener.
3. The first import runs in the background; from then on Withings announces every change to
   `/webhook/withings`, and the rows in `user_vitals` follow within seconds.

### From a shell
```sh
curl 'http://localhost:5001/api/status?userId=demo-user'
curl -X POST http://localhost:5001/api/withings/sync \\
     -H 'Content-Type: application/json' -d '{"cognitoUserId": "demo-user"}'
withings-bridge status demo-user
```

### Notifications and their pitfalls
Withings calls the webhook with a form, wants `200` within two seconds, and probes it with `HEAD` before
it subscribes. The callback must be public HTTPS on port 80 or 443. A notification names a person, a
category (`appli`) and a window, never a value; one that announces data is stored before it is answered.
"""

TAGS = [
    {"name": "connect", "description": "Pages that link a user to Withings."},
    {"name": "users", "description": "A user's link, and a sync on demand."},
    {"name": "webhook", "description": "Where Withings posts its notifications."},
    {"name": "operations", "description": "Health of the process, and work that is stuck."},
]
