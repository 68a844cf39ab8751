# docker build -t funneld .
# docker run -p 127.0.0.1:8080:8080 -v funneld:/var/lib/funneld funneld

# Builds the daemon. Packages first, so that a change of the source does not install them again.
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/lib/packages scripts/lib/packages
RUN apt-get update -qq \
 && awk '$1 == "build" { print $2 }' scripts/lib/packages \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends
COPY . .
RUN meson setup build --prefix=/usr && ninja -C build funneld \
 && install -D -s -m 0755 build/funneld /out/usr/bin/funneld

# Runs it: the libraries and one binary, as a user that owns nothing but the data.
FROM debian:12-slim
COPY scripts/lib/packages /tmp/packages
RUN apt-get update -qq \
 && awk '$1 == "run" { print $2 }' /tmp/packages \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /tmp/packages \
 && useradd --system --user-group --home-dir /var/lib/funneld --shell /usr/sbin/nologin funneld \
 && install -d -o funneld -g funneld -m 0700 /var/lib/funneld
COPY --from=build /out/ /
USER funneld
# Inside the container it must listen on every address; what the world sees is decided by -p.
ENV FUNNELD_DATABASE=/var/lib/funneld/funneld.db FUNNELD_LISTEN=0.0.0.0:8080
VOLUME /var/lib/funneld
EXPOSE 8080
# The daemon drains for up to 5 s on SIGTERM; the exec form lets the signal reach it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/funneld"]
CMD ["serve"]
