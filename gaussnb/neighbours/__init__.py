"""Operations of other services of the cloud that a form needs, declared like those of the client's own service."""
