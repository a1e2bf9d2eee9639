"""The backend as Ray Serve deployments. Nothing else imports Ray."""
