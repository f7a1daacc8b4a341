"""The error codes of GaussDB NoSQL.

:meth:`gaussnb.core.refusals.ErrorCodes.from_text` says how the table is written.
"""

from __future__ import annotations

from ..cloud.error_codes import CLOUD_CODES
from ..core.refusals import ErrorCodes

BAD_VALUE_CODE = "DBS.280001"
"""The code the service answers with when a value breaks a rule that names no code."""
MISSING_CODE = "DBS.280040"
"""The code the service answers with when a mandatory value is missing."""

CODES = CLOUD_CODES | ErrorCodes.from_text(
    """\
InvalidRequest 400: Check the arguments against the operation's documentation.
    DBS.200001 Parameter error.
    DBS.200095 Invalid parameter value.
    DBS.201006 Invalid request parameter.
    DBS.212017 Invalid parameter in the request.
    DBS.212019 Invalid parameter format.
    DBS.212037 Invalid parameter combination.
    DBS.280001 Invalid request parameters.
    DBS.290000 The request parameters are incorrect.
    DBS.280040 A mandatory parameter is missing or null.
    DBS.280042 The request is invalid.
    DBS.280391 Invalid action.
NotFound 400: Check the id, and that it belongs to this project and region.
    DBS.280016 The resource does not exist.
NotFound 400: List the instances of this project; the id may be mistyped, deleted, or of another project or \
region.
    DBS.200002 404 The DB instance does not exist.
    DBS.201028 403 The DB instance was not found.
    DBS.201501 The instance does not exist.
    DBS.201502 The instance was not found.
    DBS.216016 The specified DB instance does not exist.
    DBS.280110 No such DB instance.
    DBS.200604 The DB instance does not belong to this user.
    DBS.200010 The DB instance does not belong to this project.
InvalidRequest 400: Copy the id from the list of instances.
    DBS.280404 Invalid DB instance ID.
NotFound 400: Look at the nodes in the list of instances.
    DBS.200013 404 The node does not exist.
    DBS.200451 The node was not found.
    DBS.216030 The node does not belong to the DB instance.
    DBS.280407 The specified node does not exist.
Busy 403: Wait until the instance is normal and try again; if its state is final, this cannot be done.
    DBS.200011 The DB instance status does not allow this operation.
    DBS.200018 The current DB instance status does not support this operation.
    DBS.200076 The node status does not allow this operation.
    DBS.201000 The instance is in a state that forbids this operation.
    DBS.201014 The status of the DB instance is abnormal for this operation.
    DBS.200047 400 The operation is not possible in the current instance status.
    DBS.201202 400 The instance status does not allow a backup operation.
Busy 403: Wait until the instance is normal and has no running actions, then try again.
    DBS.200019 Another operation is being performed on the DB instance.
    DBS.201015 Another operation is in progress.
    DBS.212035 400 Another operation is being performed on the parameter template.
    DBS.201319 400 The backup is being used by a restoration.
Busy 500: Wait a moment and try again.
    DBS.200998 The system is busy.
InvalidRequest 400: This instance does not take that operation.
    DBS.212003 The operation is not allowed.
    DBS.216029 The operation is not supported for this instance.
    DBS.280456 The billing mode does not allow this operation.
    DBS.280406 403 The DB instance cannot be deleted.
PermissionDenied 403: Ask the account's administrator for the GeminiDB permission of this operation.
    DBS.280032 You do not have the permission for this operation.
    DBS.280015 400 The user is not authorized.
    DBS.280063 400 Insufficient permissions.
AuthenticationError 403, retry token: Log in again; the token is no longer accepted.
    DBS.280056 The token is invalid.
ServerError 500: Try again later; if it stays, give the request id to the vendor.
    DBS.280064 The permission check failed.
ServerError 500, retry busy: The service could not take the request now; look at the instance, then try \
again.
    DBS.280005 Server error.
ServerError 500, retry never: Do not send it again: the change usually goes through, so watch the instance.
    DBS.111205 The service timed out.
Throttled 429: Slow down and try again after a pause.
    DBS.280443 Too many requests.
QuotaExceeded 500: Delete something, or ask for a higher quota of the enterprise project.
    DBS.200165 The instance quota of the enterprise project is used up.
    DBS.200166 The vCPU quota of the enterprise project is used up.
    DBS.200167 The memory quota of the enterprise project is used up.
QuotaExceeded 400: Look at quotas.list(); delete an instance or ask for a higher quota.
    DBS.280280 The number of instances reaches the upper limit.
InvalidRequest 400: Use 4 to 64 characters: a letter, then letters, digits, - or _.
    DBS.280234 Invalid DB instance name.
InvalidRequest 400: Choose another name.
    DBS.200022 The DB instance name already exists.
InvalidRequest 400: The region must be the one of this endpoint.
    DBS.200024 Invalid region.
InvalidRequest 400: Use the project of the token; it differs for each region.
    DBS.280408 Invalid project ID.
InvalidRequest 400: Choose an enterprise project you may use, or leave it out where enterprise projects are \
not enabled.
    DBS.280433 403 The enterprise project does not exist or cannot be used.
    DBS.280437 The enterprise project function is not enabled.
InvalidRequest 400: Choose availability zones where flavors.list() shows the flavor as normal.
    DBS.200025 The availability zone does not exist.
    DBS.200470 The availability zone is not supported.
    DBS.280244 Invalid availability zone.
InvalidRequest 400: Choose a VPC of this project and region.
    DBS.200048 The VPC is invalid.
    DBS.280247 Invalid VPC ID.
NotFound 400: Choose a VPC of this project and region.
    DBS.200503 The VPC does not exist.
InvalidRequest 400: Choose a subnet of the VPC, and give its network id.
    DBS.200049 The subnet is invalid.
    DBS.280248 Invalid subnet ID.
NotFound 400: Choose a subnet of the VPC, and give its network id.
    DBS.200501 The subnet does not exist.
InvalidRequest 400: Choose a security group of this project, other than the present one.
    DBS.200050 The security group is invalid.
    DBS.280249 Invalid security group ID.
    DBS.301040 The security group is the same as the current one.
NotFound 400: Choose a security group of this project.
    DBS.200502 The security group does not exist.
NotFound 404: Choose an engine this region offers.
    DBS.200042 The DB engine does not exist.
InvalidRequest 400: Choose an engine and storage engine this region offers, in lower case.
    DBS.201020 The DB engine is not supported.
    DBS.280235 Invalid DB engine type.
    DBS.280347 The DB engine type is not supported.
    DBS.280122 Invalid storage engine.
    DBS.280269 Invalid database information.
    DBS.280446 The database information is missing.
InvalidRequest 400: Choose a version of this engine.
    DBS.200041 The DB engine version does not exist.
    DBS.280236 Invalid DB engine version.
    DBS.212008 The DB engine version is not supported.
InvalidRequest 400: Choose a mode of this engine; its case matters.
    DBS.200063 The DB instance type is not supported.
    DBS.280341 Invalid DB instance type.
    DBS.280342 Invalid DB instance mode.
    DBS.200075 Invalid node role.
    DBS.280327 Invalid node type.
    DBS.280414 Invalid group type.
    DBS.280469 Invalid host group policy.
InvalidRequest 400: Choose a flavor from flavors.list() for this engine, mode and zone.
    DBS.200053 The specification does not exist.
    DBS.200054 The specification is not supported.
    DBS.280239 Invalid instance specifications.
    DBS.280240 Invalid specification code.
    DBS.280267 The specification code does not match the DB instance.
    DBS.280434 The specification is sold out.
    DBS.280445 The specification is not available in the availability zone.
    DBS.280480 The specification is the same as the current one.
    DBS.239013 The target specification is not suitable.
    DBS.240013 The target specification is too small for the data.
InvalidRequest 400: Choose a number of nodes this engine and mode allow.
    DBS.280123 Invalid number of nodes.
    DBS.240001 The number of nodes to be added is invalid.
    DBS.240002 The nodes cannot be added.
    DBS.239010 The nodes cannot be deleted.
    DBS.239011 The number of nodes to be deleted is invalid.
    DBS.239012 The node to be deleted is invalid.
    DBS.239014 Too few nodes would remain.
    DBS.240009 Deleting nodes is not supported.
    DBS.240010 The remaining nodes cannot hold the data.
QuotaExceeded 400: The instance has as many nodes as it may have.
    DBS.240012 The number of nodes reaches the upper limit.
InvalidRequest 400: Choose a size within the limits of the flavor; storage only grows.
    DBS.200072 Invalid storage space.
    DBS.200302 The storage space cannot be reduced.
    DBS.200306 The storage space is out of range.
    DBS.280242 Invalid storage size.
    DBS.280266 The storage size does not match the specification.
    DBS.280311 The storage size to be added is invalid.
    DBS.200303 The storage space exceeds what the instance supports.
    DBS.200304 The storage space can be scaled up four times at most.
    DBS.280453 Invalid storage pool.
QuotaExceeded 403: The instance has as much storage as it may have.
    DBS.200028 The storage space reaches the upper limit.
InvalidRequest 400: Use ULTRAHIGH.
    DBS.280241 Invalid storage type.
    DBS.280314 The storage type is not supported.
InvalidRequest 400: Check threshold, step and switch of the automatic storage scaling.
    DBS.03000002 Invalid autoscaling threshold.
    DBS.03000003 Invalid autoscaling step.
    DBS.03000004 Invalid autoscaling switch.
InvalidRequest 400: Use 8 to 32 characters with upper case, lower case, digits and some of ~!@#%^*-_=+?.
    DBS.200029 The password is invalid.
    DBS.200052 The password does not meet the requirements.
    DBS.280465 Invalid password length.
    DBS.280200 Invalid characters in the password.
    DBS.200068 The password is too weak.
ServerError 400: Look at the instance, then try again.
    DBS.200077 The password could not be changed.
InvalidRequest 400: Choose another user name.
    DBS.280292 Invalid user name.
InvalidRequest 400: Choose a port from 1024 to 65535 that is not reserved; only Redis takes one.
    DBS.200059 Invalid database port.
    DBS.200060 The database port cannot be used.
    DBS.200462 The database port is the same as the current one.
InvalidRequest 400: Choose a free address of the subnet.
    DBS.200091 Invalid IP address.
    DBS.200092 The IP address is in use.
    DBS.280284 The private IP address is invalid.
InvalidRequest 400: Choose an elastic IP address of this project that is not bound, and a node that has \
none.
    DBS.238007 The EIP status does not allow this operation.
    DBS.200700 The EIP does not exist.
    DBS.200701 The EIP is already bound.
    DBS.200702 The EIP could not be bound.
    DBS.200705 The EIP could not be unbound.
    DBS.280421 Invalid EIP.
    DBS.238009 No EIP is bound to the node.
InvalidRequest 400: Choose an enabled KMS key of this project; a restored instance keeps the key of its \
source.
    DBS.200506 The encryption key does not exist.
    DBS.200507 The encryption key cannot be used.
    DBS.280438 Invalid encryption key ID.
ServerError 400: Look at the instance, then try again.
    DBS.200434 The DB instance could not be restarted.
NotFound 400: List the backups of this project.
    DBS.201204 The backup does not exist.
    DBS.201214 The backup file was not found.
InvalidRequest 400: Check the backup settings; times are UTC.
    DBS.201201 The backup already exists.
    DBS.201212 The backup ID is invalid.
    DBS.280124 Invalid backup ID.
    DBS.201215 Invalid backup time.
    DBS.280125 Invalid backup policy.
    DBS.201106 The backup retention period is out of range.
    DBS.280214 Invalid backup retention period.
    DBS.201101 The backup cycle is out of range.
    DBS.280215 Invalid backup cycle.
    DBS.280251 The backup cycle is not supported.
    DBS.280216 Invalid backup start time.
    DBS.280416 Invalid backup end time.
    DBS.280277 Invalid backup name.
    DBS.280127 Invalid backup description.
    DBS.301024 Invalid restoration information.
NotFound 400: List the parameter templates of this project.
    DBS.200057 The parameter template was not found.
    DBS.200058 404 The parameter template does not exist.
    DBS.280045 404 The specified parameter template does not exist.
InvalidRequest 400: Check the parameter template: its engine, version, names and values.
    DBS.212001 The parameter template is invalid.
    DBS.212013 Invalid parameter in the template.
    DBS.212031 Invalid parameter template name.
    DBS.212030 The parameter template name already exists.
    DBS.212028 Invalid parameter template description.
    DBS.212032 The parameter template is in use.
Busy 400, retry never: Wait until all nodes are normal.
    DBS.200311 The node status does not allow a storage change.
    DBS.212006 A node of the DB instance is abnormal.
NotFound 400: List the databases or accounts of the instance.
    DBS.200823 The database does not exist.
    DBS.200824 The account does not exist.
    DBS.03280008 The account was not found.
    DBS.03050010 The memory acceleration mapping does not exist.
InvalidRequest 400: Choose another database, collection or account.
    DBS.200826 The database already exists.
    DBS.201035 The database name is already used.
    DBS.201038 The collection is invalid.
    DBS.200827 The account already exists.
    DBS.200828 A built-in account cannot be changed.
ServerError 400: Look at the databases and accounts of the instance, then try again.
    DBS.200816 The creation failed.
    DBS.200817 The query failed.
    DBS.200818 The deletion failed.
    DBS.301076 The sessions could not be queried.
    DBS.301077 The session could not be ended.
InvalidRequest 400: Use a limit from 1 to 100 and an offset from 0.
    DBS.280439 Invalid limit.
    DBS.280440 Invalid offset.
InvalidRequest 400: Check keys and values of the tags.
    DBS.280441 Invalid tag key.
    DBS.280444 Invalid tag value.
InvalidRequest 400: Check the type and the period of the log query.
    DBS.280066 Invalid log type.
    DBS.280067 Invalid log start time.
    DBS.280068 Invalid log end time.
InvalidRequest 400: Check the filters of the session query.
    DBS.301071 Invalid session ID.
    DBS.301072 Invalid session plan.
    DBS.301073 Invalid session operation.
    DBS.301074 Invalid session namespace.
    DBS.301075 Invalid session cost time.
InvalidRequest 400: Build the dual-active relationship first.
    DBS.03000001 No dual-active relationship has been set up.
"""
)
"""Every documented error code of the service, and those of the gateway, IAM and billing."""
