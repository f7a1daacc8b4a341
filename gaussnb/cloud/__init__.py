"""Huawei Cloud, for any service: who calls, where, and how a request is sent."""
