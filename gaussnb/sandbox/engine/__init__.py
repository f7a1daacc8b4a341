"""The general half of the sandbox: a pretend Huawei Cloud in which any service can be played.

A service hands its declarations and behaviours to the engine as a :class:`~.service.SandboxService`; the engine knows
no service, no route and no error code of its own. :class:`~.sandbox.Sandbox` puts the parts together.
"""
