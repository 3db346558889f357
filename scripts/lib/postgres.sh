# shellcheck shell=bash
# A PostgreSQL for one test run, in a scratch folder and on a free port; removed when the script ends. Sourced after
# machine.sh.

postgres_scratch=

postgres_bin() {
    local newest
    newest=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || true
    if [ -n "$newest" ]; then say "$newest"; else dirname "$(command -v initdb)" 2>/dev/null; fi
}

# PostgreSQL refuses to run as root; for root it runs as the user that Debian's package creates.
as_postgres() {
    (cd "$postgres_scratch" && if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi)
}

need_postgres() {
    [ -z "$(postgres_bin)" ] || return 0
    if [ "$(id -u)" = 0 ] && have apt-get; then
        # Tests need the programs only, not the cluster that Debian would start.
        mkdir -p /etc/postgresql-common/createcluster.d
        say "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no-main-cluster.conf
    fi
    install_packages PostgreSQL postgresql
}

pgbouncer_program() { PATH=$PATH:/usr/sbin command -v pgbouncer; }

# PgBouncer, which the tests of the store start by themselves.
need_pgbouncer() {
    pgbouncer_program >/dev/null && return
    # As with PostgreSQL, only the program is needed, and not a service.
    if [ "$(id -u)" = 0 ] && [ -d /etc/systemd/system ] && [ ! -e /etc/systemd/system/pgbouncer.service ]; then
        ln -s /dev/null /etc/systemd/system/pgbouncer.service
    fi
    install_packages PgBouncer pgbouncer
}

# With TLS, for the tests that ask for it. Sets TEST_POSTGRES_URL, TEST_POSTGRES_CA, the file of the CA's certificate,
# and TEST_PGBOUNCER, the program.
start_postgres() {
    local lax="-c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    have openssl || install_packages OpenSSL openssl
    need_pgbouncer
    start_scratch_postgres "${TMPDIR:-/tmp}" "Start a PostgreSQL for the tests" "$lax" add_tls
    export TEST_POSTGRES_URL="$postgres_url?sslmode=disable" TEST_POSTGRES_CA=$postgres_scratch/ca.crt
    TEST_PGBOUNCER=$(pgbouncer_program)
    export TEST_PGBOUNCER
}

# A CA, a server certificate signed by it, another CA, and the role tls_only, which may connect by TLS only.
add_tls() {
    local name
    for name in ca other-ca; do
        as_postgres openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$name.key" -out "$name.crt" ||
            return 1
    done
    say "subjectAltName=IP:127.0.0.1,DNS:localhost" >"$postgres_scratch/server.ext"
    as_postgres openssl req -new -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr &&
        as_postgres openssl x509 -req -days 2 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
            -extfile server.ext -out server.crt &&
        as_postgres sed -i '1i hostnossl all tls_only all reject' data/pg_hba.conf &&
        as_postgres sh -c "echo \"ssl = on
ssl_cert_file = '$postgres_scratch/server.crt'
ssl_key_file = '$postgres_scratch/server.key'\" >>data/postgresql.conf"
}

# For benchmarks, with default settings, so that a commit waits for the disk. Sets postgres_url. In /var/tmp, because
# /tmp may be in memory.
start_durable_postgres() {
    start_scratch_postgres /var/tmp "Start a PostgreSQL with its own settings" "-c fsync=on -c synchronous_commit=on"
}

# start_scratch_postgres FOLDER TITLE OPTIONS [FUNCTION]: FUNCTION changes the cluster before it starts.
postgres_url=
start_scratch_postgres() {
    local port bin
    bin=$(postgres_bin)
    port=$(free_port)
    postgres_scratch=$(mktemp -d "$1/shop-postgres.XXXXXX")
    at_exit stop_postgres
    [ "$(id -u)" != 0 ] || chown postgres "$postgres_scratch"
    step "$2" "PostgreSQL did not start: see the lines above." create_and_start_postgres "$bin" "$port" "$3" "${4:-}"
    postgres_url="postgres://postgres@127.0.0.1:$port/postgres"
}

create_and_start_postgres() {
    local options="-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$postgres_scratch $3"
    as_postgres "$1/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync || return 1
    [ -z "$4" ] || "$4" || return 1
    as_postgres "$1/pg_ctl" -D data -w -l log -o "$options" start &&
        { [ -z "$4" ] || as_postgres "$1/createuser" -h "$postgres_scratch" -p "$2" -U postgres tls_only; } && return
    cat "$postgres_scratch/log"
    return 1
}

stop_postgres() {
    [ ! -e "$postgres_scratch/data/postmaster.pid" ] ||
        as_postgres "$(postgres_bin)/pg_ctl" -D data -m immediate stop >/dev/null
    rm -rf "$postgres_scratch"
}
