# syntax=docker/dockerfile:1
# The image, for those with a builder; `cargo xtask image` assembles the same without one.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag ecs-operator:0.1.0 \
#     --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" \
#     --build-arg CREATED="$(TZ=UTC0 git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)" .

# As in rust-toolchain.toml.
ARG RUST_VERSION=1.95.0

# It runs on the builder's own architecture and cross-compiles: emulated, rustc takes an hour.
FROM --platform=$BUILDPLATFORM rust:${RUST_VERSION}-slim-bookworm AS builder
ARG RUST_VERSION
ARG TARGETARCH
# The toolchain of the base image, without the components that rust-toolchain.toml asks for.
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION}
WORKDIR /source

# Binaries that say which crates they are made of: `cargo audit bin`, trivy, syft and grype read it.
RUN cargo install cargo-auditable --version 0.7.7 --locked

RUN <<'EOF'
set -eu
case "$TARGETARCH" in
  amd64) rust=x86_64-unknown-linux-gnu gnu=x86-64-linux-gnu ;;
  arm64) rust=aarch64-unknown-linux-gnu gnu=aarch64-linux-gnu ;;
  *) echo "the image is for amd64 and arm64, not for $TARGETARCH" >&2; exit 1 ;;
esac
rustup target add "$rust"
if [ "$(dpkg --print-architecture)" != "$TARGETARCH" ]; then
  apt-get update
  apt-get install --yes --no-install-recommends "gcc-$gnu" "libc6-dev-$TARGETARCH-cross"
  rm -rf /var/lib/apt/lists/*
fi
echo "$rust" > /target
EOF

COPY . .

# The linkers, for cargo, and the C compilers, for ring, by the names that Debian gives them natively too.
ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_x86_64_unknown_linux_gnu=x86_64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
    RUSTFLAGS="-Ctarget-feature=+crt-static --remap-path-prefix=/usr/local/cargo=/cargo"

RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target,id=target-${TARGETARCH} <<'EOF'
set -eu
target=$(cat /target)
cargo auditable build --locked --profile dist --target "$target" \
  -p ecs-operator --bin ecs-operator -p ecs-backend --bin ecs-backend
mkdir /out
cp "target/$target/dist/ecs-operator" "target/$target/dist/ecs-backend" /out/
EOF

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="ecs-operator" \
      org.opencontainers.image.description="The Kubernetes operator for Amazon ECS, and ecs-backend, a server that answers as ECS does" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY LICENSE /usr/share/doc/ecs-operator/LICENSE
COPY --from=builder /out/ecs-operator /out/ecs-backend /usr/local/bin/
# One arena of glibc's allocator: as fast here, and an eighth smaller.
ENV MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/ecs-operator"]
