//! Graceful shutdown. On SIGTERM the process first reports that it is not ready, and goes on serving for a while, so
//! that a proxy can notice. Then it stops accepting connections and lets running requests finish. Ctrl-C skips the
//! first part.

use std::{io, process, thread, time::Duration};

use tokio::{signal, time::sleep};
use tokio_util::sync::CancellationToken;

/// The longest time from the last accepted connection to the end of the process. With the default delay, the process
/// ends within the 30 s after which Kubernetes would kill it.
const STOP_TIME_MAX: Duration = Duration::from_secs(22);

/// The phases of the shutdown.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Cancelled when the process is no longer ready but still serves.
    pub draining: CancellationToken,
    /// Cancelled when it stops accepting connections.
    pub stopping: CancellationToken,
    /// The time between the two, after a SIGTERM.
    pub delay: Duration,
}

/// A signal that stops the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// Ctrl-C, from a terminal.
    Interrupt,
    /// SIGTERM, from a service manager.
    #[cfg(unix)]
    Terminate,
}

/// Installs the signal handlers. The first signal starts the shutdown. A second one cuts the delay short; the next one
/// ends the process at once.
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
    // A thread and not a task, because the runtime itself may be blocked.
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
