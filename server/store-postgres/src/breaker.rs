//! A circuit breaker: while the server does not answer, requests fail at once instead of waiting for it.
//!
//! A slow statement, a lost connection or a full pool is no proof of an outage, because load causes them too. They only
//! start a probe, on a connection of its own. The circuit opens if the probe gets no answer, and no statement got one
//! in the meantime. While it is open, probes continue, and the first answer closes it.

use std::{
    io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Error, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    task::{JoinSet, yield_now},
    time::{interval, sleep, timeout},
};

use crate::{connect::no_answer, portable::error::predates};

/// How long work may take before the breaker starts a probe.
const SLOW_AFTER: Duration = Duration::from_secs(1);
/// The timeout of a probe: enough for TLS and authentication over a slow network.
const PROBE_TIME_MAX: Duration = Duration::from_secs(2);
/// How often a probe starts while the circuit is open. Probes overlap, because one that was sent to a dead address does
/// not notice that the server is back.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// The circuit breaker of one pool.
#[derive(Debug)]
pub(crate) struct Breaker {
    server: PgConnectOptions,
    is_open: watch::Sender<bool>,
    /// Statements that the server answered.
    answers: AtomicU64,
    is_probing: AtomicBool,
    /// When the circuit was last closed.
    recovered_at: Mutex<Option<Instant>>,
}

impl Breaker {
    /// A closed circuit.
    pub(crate) fn new(server: PgConnectOptions) -> Arc<Self> {
        report(false);
        Arc::new(Self {
            server,
            is_open: watch::Sender::new(false),
            answers: AtomicU64::new(0),
            is_probing: AtomicBool::new(false),
            recovered_at: Mutex::new(None),
        })
    }

    /// Runs work on the server, with a timeout. Fails at once while the circuit is open, or when it opens in the
    /// meantime.
    pub(crate) async fn run<T>(
        self: &Arc<Self>,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut is_open = self.is_open.subscribe();
        if *is_open.borrow() {
            // Yields, because a caller that retries at once would otherwise block the thread.
            yield_now().await;
            return Err(refused());
        }
        let began = tokio::time::Instant::now();
        let (mut work, mut alarm) = (pin!(work), pin!(sleep(SLOW_AFTER.min(limit))));
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut work => break outcome,
                _ = is_open.wait_for(|open| *open) => return Err(refused()),
                () = &mut alarm => {
                    self.suspect();
                    if began.elapsed() >= limit {
                        break Err(no_answer());
                    }
                    alarm.as_mut().reset(began + limit);
                }
            }
        };
        if outcome.as_ref().is_err_and(|error| !is_answer(error)) {
            self.suspect();
        }
        outcome
    }

    /// Like [`run`](Self::run), for a statement: its result counts as an answer of the server.
    pub(crate) async fn run_statement<T>(
        self: &Arc<Self>,
        limit: Duration,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let outcome = self.run(limit, statement).await;
        if outcome.as_ref().err().is_none_or(is_answer) {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Whether a connection of this age is older than the last outage, and so may be dead.
    pub(crate) fn predates_outage(&self, age: Duration) -> bool {
        let recovered_at = *self.recovered_at.lock().unwrap_or_else(PoisonError::into_inner);
        recovered_at.is_some_and(|at| predates(age, at.elapsed()))
    }

    /// Starts probing the server in the background, unless that is running already.
    fn suspect(self: &Arc<Self>) {
        if !self.is_probing.swap(true, Ordering::AcqRel) {
            tokio::spawn(investigate(Arc::downgrade(self)));
        }
    }

    fn set_open(&self, open: bool) {
        if open {
            tracing::error!("the database does not answer: requests are refused at once until it does");
        } else {
            *self.recovered_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            tracing::info!("the database answers again");
        }
        report(open);
        self.is_open.send_replace(open);
    }
}

fn report(open: bool) {
    metrics::gauge!("database_circuit_open").set(u8::from(open));
}

/// Probes until the circuit is closed or the pool is dropped.
async fn investigate(weak: Weak<Breaker>) {
    let Some(breaker) = weak.upgrade() else { return };
    let answers_before = breaker.answers.load(Ordering::Relaxed);
    let answers = probe(breaker.server.clone()).await;
    if answers || breaker.answers.load(Ordering::Relaxed) != answers_before {
        sleep(PROBE_EVERY).await;
    } else {
        breaker.set_open(true);
        let server = breaker.server.clone();
        drop(breaker);
        wait_for_answer(server, &weak).await;
        let Some(breaker) = weak.upgrade() else { return };
        breaker.set_open(false);
    }
    if let Some(breaker) = weak.upgrade() {
        breaker.is_probing.store(false, Ordering::Release);
    }
}

async fn wait_for_answer(server: PgConnectOptions, breaker: &Weak<Breaker>) {
    let (mut probes, mut due) = (JoinSet::new(), interval(PROBE_EVERY));
    while breaker.strong_count() > 0 {
        tokio::select! {
            _ = due.tick() => {
                probes.spawn(probe(server.clone()));
            }
            Some(outcome) = probes.join_next() => {
                if outcome.unwrap_or(false) {
                    return;
                }
            }
        }
    }
}

/// Whether the server answers over a new connection. Runs a statement too, because a pooler accepts connections even if
/// its server is down.
async fn probe(server: PgConnectOptions) -> bool {
    let ask = async {
        let mut connection = server.connect().await?;
        sqlx::raw_sql("SELECT 1").execute(&mut connection).await
    };
    match timeout(PROBE_TIME_MAX, ask).await {
        Ok(outcome) => outcome.err().is_none_or(|error| is_answer(&error)),
        Err(_) => false,
    }
}

/// Whether an error comes from a working server: it refuses a statement, or is out of connections. Classes 08 and 57 do
/// not: connection exceptions, and an operator's intervention such as a shutdown.
fn is_answer(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::PoolTimedOut => false,
        Error::Database(error) => {
            // 57014: the server cancelled a statement that took too long, so it works.
            error.code().is_none_or(|code| code == "57014" || !(code.starts_with("08") || code.starts_with("57")))
        }
        _ => true,
    }
}

fn refused() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::NotConnected, "the server does not answer; the circuit is open"))
}
