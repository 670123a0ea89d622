# zdm itself: the wheel is built in the first stage; the second has no compiler, no shell in
# front of the program, and no root.
#
#     docker build --tag zdm .
#     docker run --rm zdm plan migrations/0007.sql --snapshot schema.json
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# ssh-keygen verifies the signatures of plans; it needs no library that the image lacks
RUN ["apt-get", "update"]
RUN ["apt-get", "install", "--yes", "--no-install-recommends", "openssh-client"]
WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md alembic.ini zdm.toml ./
COPY zdm ./zdm
COPY examples/shop ./examples/shop
COPY migrations ./migrations
COPY plans ./plans
RUN ["python", "-m", "pip", "wheel", "--no-cache-dir", "--no-deps", "--wheel-dir", "/wheels", "."]
RUN ["python", "-m", "venv", "/opt/zdm"]
RUN ["/opt/zdm/bin/python", "-m", "pip", "install", "--no-cache-dir", "--find-links", "/wheels", "zdm-orchestrator"]

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="zdm" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/zdm /opt/zdm
COPY --from=build /usr/bin/ssh-keygen /usr/bin/ssh-keygen
ENV PATH="/opt/zdm/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 65532:65532
# A run that listens (`zdm execute --listen 127.0.0.1:9187`) answers; one that does not is healthy
# while it is process 1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-m", "zdm.observe.healthcheck", "http://127.0.0.1:9187/healthz"]
# The program is process 1, so it receives SIGTERM: it cancels the running statement and exits with 75.
STOPSIGNAL SIGTERM
ENTRYPOINT ["zdm"]
CMD ["--help"]
