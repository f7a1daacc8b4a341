"""Huawei Cloud, for any service: credentials, regions, login, and the transport of requests."""
