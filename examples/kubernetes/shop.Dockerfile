# The shop in one of its versions, with `zdm guard` as its entrypoint.
#
#     docker build --tag zdm .
#     docker build --file examples/kubernetes/shop.Dockerfile --build-arg VERSION=v1 \
#       --tag registry.example/shop:v1 .
#
# The image contains its version, so a new tag also changes the version that the guard checks and
# the name of the sessions.
ARG PYTHON=3.13
ARG ZDM=zdm

FROM ${ZDM} AS zdm

FROM python:${PYTHON}-slim
ARG VERSION
COPY --from=zdm /opt/zdm /opt/zdm
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "psycopg[binary,pool]==3.3.9", "sqlalchemy==2.1.9"]
WORKDIR /app
COPY examples/shop/web.py examples/shop/models.py ./
COPY examples/shop/${VERSION}.py ./shop.py
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PGAPPNAME=zdm-app:${VERSION}/shop \
    ZDM_APP_VERSION=${VERSION} \
    ZDM_GUARD_WAIT=5m
USER 65532:65532
ENTRYPOINT ["/opt/zdm/bin/zdm", "guard", "--"]
CMD ["python", "shop.py", "8080"]
