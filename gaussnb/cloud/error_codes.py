"""The error codes of the cloud's common services: the gateway (APIGW), IAM and billing (CBC).

:meth:`gaussnb.core.refusals.ErrorCodes.from_text` says how the table is written.
"""

from __future__ import annotations

from ..core.refusals import SANDBOX_CODES, ErrorCodes

CLOUD_CODES = SANDBOX_CODES | ErrorCodes.from_text(
    """\
Busy 403: Wait until the instance is normal and has no running actions, then try again.
    CBC.99003651 400 Another operation is being performed on the order.
NotFound 404: Check endpoint, method and path; this service may not exist in this region.
    APIGW.0101 The API does not exist or has not been published.
    APIGW.0103 The backend does not exist.
InvalidRequest 400: Check the request; if it is right, give the request id to the vendor.
    APIGW.0104 The plug-in configuration was not found.
    APIGW.0105 The backend configuration was not found.
    APIGW.0106 Orchestration error.
    APIGW.0204 The TLS version is not supported.
    APIGW.0602 Bad request.
    APIGW.0607 The request protocol is not supported.
ServerError 502: Try again later; look before repeating a write.
    APIGW.0201 Backend unavailable.
AuthenticationError 401, retry token: Check user, password and account name, or access key, secret key and \
this computer's clock.
    APIGW.0301 Incorrect IAM authentication information.
AuthenticationError 401, retry token: Log in again; the token has expired or was ended.
    APIGW.0307 The token must be updated.
AuthenticationError 401: Check the credentials: this API expects a token or a signature.
    APIGW.0303 Incorrect app authentication information.
    APIGW.0305 Incorrect authentication information.
PermissionDenied 403: Ask the account's administrator for access to this API, project and region.
    APIGW.0302 The IAM user is not authorized to access the API.
    APIGW.0304 The app is not authorized to access the API.
    APIGW.0306 API access denied.
    APIGW.0310 The project is not available.
    APIGW.0401 Unknown client IP address.
    APIGW.0402 The IP address is not authorized to access the API.
    APIGW.0404 Access to the backend IP address has been denied.
    APIGW.0502 405 The app has been frozen.
    APIGW.0802 The IAM user is forbidden in the current region.
Throttled 429: Slow down and try again after a pause.
    APIGW.0308 The throttling threshold has been reached.
QuotaExceeded 405: Ask the account's administrator for a higher request quota.
    APIGW.0501 The app quota has been used up.
ServerError 500: Try again later; look before repeating a write.
    APIGW.0601 Internal server error.
    APIGW.0605 The backend name could not be resolved.
    APIGW.0606 The API configuration could not be loaded.
    APIGW.0610 502 No backend is available.
    APIGW.0613 503 IAM is not available.
AuthenticationError 401: Check user name, password and account name; accounts that became a HUAWEI ID need \
an IAM user.
    IAM.0001 Authentication failed.
    IAM.0062 The user name or password is incorrect.
    IAM.0067 The token is invalid.
AuthenticationError 401: Wait until the lock ends; more attempts prolong it.
    IAM.0061 The user is locked.
AuthenticationError 401, retry token: Log in again; the token has expired.
    IAM.0066 The token has expired.
AuthenticationError 400: Check the access key in My Credentials, or use another one.
    IAM.1104 The access key is blacklisted.
    IAM.1105 The access key has expired.
    IAM.1106 The owner of the access key is unknown.
    IAM.1107 The access key is inactive.
    IAM.1108 The temporary access key has expired.
    IAM.1109 The project of the access key does not exist.
PermissionDenied 403: Ask the account's administrator; the user needs programmatic access and a right to \
this region.
    IAM.0002 You do not have the permission to perform this action.
    IAM.0003 The policy does not allow this action.
    IAM.0080 The user is disabled.
    IAM.0081 The user may use the console only.
    IAM.0082 The account is disabled.
    IAM.0083 The user has no access to this region.
NotFound 404: Check the names of the project and of the account.
    IAM.0004 The project or domain could not be found.
InvalidRequest 400: Check the login: user name, password, account name and project.
    IAM.0007 The request body is invalid.
    IAM.0011 The request parameter is invalid.
    IAM.0072 A mandatory field is missing.
    IAM.0073 A field has a wrong format.
Throttled 429: Slow down and try again after a pause.
    IAM.0012 The throttling threshold of IAM has been reached.
ServerError 500: Try again later.
    IAM.0006 IAM internal error.
""",
    aliases={"APIG.": "APIGW."},
    vague=("APIGW.0201",),
)
"""Every documented error code of the gateway, IAM and billing. The gateway also sends ``APIG.*`` with the same numbers,
and ``APIGW.0201`` with many HTTP statuses."""
