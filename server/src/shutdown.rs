//! Stopping in order. On SIGTERM the process first says that it is not ready, and goes on serving until a proxy has had
//! the time to notice; then it stops accepting connections and lets running requests finish. Ctrl-C skips the first
//! part.

use std::{io, process, thread, time::Duration};

use tokio::{signal, time::sleep};
use tokio_util::sync::CancellationToken;

/// How long stopping may take once no connection is accepted any more; whoever started the process would kill it sooner
/// or later. With the default delay it ends within the 30 s that Kubernetes gives.
const STOP_TIME_MAX: Duration = Duration::from_secs(22);

/// What ends when.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Cancelled when the process is not ready any more, and goes on serving.
    pub draining: CancellationToken,
    /// Cancelled when it accepts no connections any more.
    pub stopping: CancellationToken,
    /// The time between the two, after a SIGTERM.
    pub delay: Duration,
}

/// Why a signal asks the process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// Ctrl-C: somebody waits at a terminal.
    Interrupt,
    /// SIGTERM: a service manager.
    #[cfg(unix)]
    Terminate,
}

/// Listens for signals from the moment that this returns, and stops the process at the first one. A second one cuts the
/// delay short; the next ends the process at once.
pub fn on_signal(shutdown: Shutdown) -> io::Result<()> {
    let signals = Signals::listen()?;
    tokio::spawn(stop(signals, shutdown));
    Ok(())
}

async fn stop(mut signals: Signals, shutdown: Shutdown) {
    let first = signals.next().await;
    shutdown.draining.cancel();
    if first != Signal::Interrupt && !shutdown.delay.is_zero() {
        tracing::info!(seconds = shutdown.delay.as_secs(), "not ready any more; stopping after a delay");
        tokio::select! {
            () = sleep(shutdown.delay) => {}
            _ = signals.next() => {}
        }
    }
    tracing::info!("stopping");
    shutdown.stopping.cancel();
    // A thread, since what holds the process up may hold up its tasks as well.
    thread::spawn(|| {
        thread::sleep(STOP_TIME_MAX);
        tracing::error!(seconds = STOP_TIME_MAX.as_secs(), "stopping took too long, so the process was ended");
        process::exit(1);
    });
    signals.next().await;
    process::exit(130);
}

#[cfg(unix)]
struct Signals {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same call as on Unix")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
