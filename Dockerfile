# docker build -t funneld --build-arg VERSION=0.1.0 .
# docker run -d --read-only --cap-drop=ALL --security-opt=no-new-privileges \
#     -p 127.0.0.1:8080:8080 -v funneld:/var/lib/funneld funneld

# Builds the daemon. Packages first, so that a change of the source does not install them again.
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/lib/packages scripts/lib/packages
RUN apt-get update -qq \
 && awk '$1 == "build" || $1 == "node" { print $2 }' scripts/lib/packages \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN npm ci --prefix server/api/rapidoc \
 && meson setup build --prefix=/usr && ninja -C build funneld \
 && install -D -s -m 0755 build/funneld /out/usr/bin/funneld

# Runs it: the libraries and one binary, as a user that owns nothing but the data.
FROM debian:12-slim
ARG VERSION=unknown
LABEL org.opencontainers.image.title="funneld" \
      org.opencontainers.image.description="A CRM pipeline service: one daemon, one data file" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY scripts/lib/packages /tmp/packages
RUN apt-get update -qq \
 && awk '$1 == "run" { print $2 }' /tmp/packages \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /tmp/packages \
 && groupadd --gid 10001 funneld \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/funneld \
        --shell /usr/sbin/nologin funneld \
 && install -d -o funneld -g funneld -m 0700 /var/lib/funneld
COPY --from=build /out/ /
# By number: an orchestrator can see that it is not root.
USER 10001:10001
# Inside the container it must listen on every address; what the world sees is decided by -p.
ENV FUNNELD_DATABASE=/var/lib/funneld/funneld.db \
    FUNNELD_LISTEN=0.0.0.0:8080 \
    FUNNELD_LOG_FORMAT=json
VOLUME /var/lib/funneld
EXPOSE 8080
# A long migration counts as starting.
HEALTHCHECK --interval=30s --timeout=6s --start-period=120s --retries=3 \
    CMD ["/usr/bin/funneld", "healthcheck"]
# The daemon drains for up to 5 s on SIGTERM; the exec form lets the signal reach it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/funneld"]
CMD ["serve"]
