"""A toy service, kettles: the example of adding a service to the engine.

:mod:`toy.operations` declares the REST operations, :mod:`toy.service` says what the engine has to know about the
service and makes a client, and :mod:`toy.sandbox` acts the operations out.
"""
