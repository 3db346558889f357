//! Starting and stopping: from settings to a serving process, and cleanly out of it.

use std::{io, path::Path, sync::Arc, time::Duration};

use app::context::{Shop, ShopSettings};
use billing::{
    Billing,
    clock::{Clock, Entropy},
    provider::PaymentProvider,
    store::{AccountStore, Store},
};
use leptos::config::LeptosOptions;
use secrecy::ExposeSecret;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tokio::{
    signal,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    config::{self, DatabaseLimits, Payments, Settings, local_url},
    gauges,
    identity::{DEMO_EMAIL, DEMO_PASSWORD, Identity},
    listen,
    log_limit::LogLimits,
    mail::{Mailer, Transport, mailbox::Mailbox, smtp},
    mock::{MOCK_SESSION_PREFIX, MockProvider},
    readiness::Readiness,
    router::{admin, files, router},
    serve::serve,
    startup_error::StartupError,
    state::{AppState, Parts, Site},
    streams::Streams,
    stripe::client::{StripeProvider, StripeSettings, call::RetryPolicy},
    system::{SystemClock, SystemEntropy},
    tasks::{Job, Next, TaskHealth, Tasks},
    telemetry::Metrics,
    worker::Worker,
};

/// How often the process tidies up, and how long that may take.
const UPKEEP_EVERY: Duration = Duration::from_mins(5);
const UPKEEP_TIME_MAX: Duration = Duration::from_mins(1);
/// How long the rounds of background tasks may go on after the last request has ended.
const TASKS_GRACE: Duration = Duration::from_secs(5);
/// How long stopping may take altogether; whoever started the process would kill it sooner or later.
const STOP_TIME_MAX: Duration = Duration::from_secs(25);
/// Between two looks for a database that is not there yet.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);

/// The database, by its two faces.
#[derive(Clone)]
pub struct Stores {
    /// Purchases, ledger and events.
    pub store: Arc<dyn Store>,
    /// Accounts and sessions.
    pub accounts: Arc<dyn AccountStore>,
}

/// Opens the database that `DATABASE_URL` names, and brings it up to date. One that is not there yet is waited for.
pub async fn open_migrated(settings: &Settings) -> Result<Stores, StartupError> {
    let url = settings.database_url.expose_secret();
    if url.starts_with("sqlite:") {
        let store = SqliteStore::open_with(url, sqlite_limits(settings)).await.map_err(|error| unusable(&error))?;
        store.migrate().await.map_err(|error| unusable(&error))?;
        Ok(Stores { store: Arc::new(store.clone()), accounts: Arc::new(store) })
    } else {
        let store = wait_for_postgres(settings).await.map_err(|error| unusable(&error))?;
        store.migrate().await.map_err(|error| unusable(&error))?;
        Ok(Stores { store: Arc::new(store.clone()), accounts: Arc::new(store) })
    }
}

/// Opens the database that `DATABASE_URL` names for an operator's command: makes none, and migrates none.
pub async fn open_existing(settings: &Settings) -> Result<Stores, StartupError> {
    let url = settings.database_url.expose_secret();
    if url.starts_with("sqlite:") {
        let store = SqliteStore::open_existing(url, sqlite_limits(settings)).await.map_err(|error| unusable(&error))?;
        store.check_migrated().await.map_err(|error| unusable(&error))?;
        Ok(Stores { store: Arc::new(store.clone()), accounts: Arc::new(store) })
    } else {
        let store = PostgresStore::open_with(url, postgres_limits(settings)).await.map_err(|error| unusable(&error))?;
        store.check_migrated().await.map_err(|error| unusable(&error))?;
        Ok(Stores { store: Arc::new(store.clone()), accounts: Arc::new(store) })
    }
}

fn sqlite_limits(settings: &Settings) -> store_sqlite::Limits {
    let DatabaseLimits { connections, time } = settings.database_limits;
    let default = store_sqlite::Limits::default();
    store_sqlite::Limits { connections: connections.unwrap_or(default.connections), time }
}

fn postgres_limits(settings: &Settings) -> store_postgres::Limits {
    let DatabaseLimits { connections, time } = settings.database_limits;
    let default = store_postgres::Limits::default();
    store_postgres::Limits { connections: connections.unwrap_or(default.connections), time }
}

/// A database often starts beside the shop, and later.
async fn wait_for_postgres(settings: &Settings) -> Result<PostgresStore, store_postgres::OpenError> {
    let began = Instant::now();
    loop {
        match PostgresStore::open_with(settings.database_url.expose_secret(), postgres_limits(settings)).await {
            Err(error) if error.is_passing() && began.elapsed() < settings.database_wait => {
                tracing::warn!(%error, "waiting for the database");
                sleep(DATABASE_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

fn unusable(error: &dyn std::error::Error) -> StartupError {
    StartupError(format!("DATABASE_URL: {error}."))
}

/// The payment provider that the settings ask for.
pub fn payment_provider(settings: &Settings, public_url: &Url) -> Result<Arc<dyn PaymentProvider>, StartupError> {
    match &settings.payments {
        Payments::Mock => Ok(Arc::new(MockProvider::new(public_url.clone()))),
        Payments::Stripe { key, api_base, .. } => {
            let settings = StripeSettings {
                secret_key: key.clone(),
                api_base: api_base.clone(),
                public_url: public_url.clone(),
                retry_policy: RetryPolicy::BUYER,
            };
            let provider = StripeProvider::new(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy));
            Ok(Arc::new(provider.map_err(|error| StartupError(format!("{error}.")))?))
        }
    }
}

/// The folder of the front end, in the site's root; as in `[[workspace.metadata.leptos]]`, as is its name.
const PKG: &str = "pkg";

/// Puts the process together upon its ports.
pub fn assemble(
    settings: &Settings,
    public_url: Url,
    stores: Stores,
    provider: Arc<dyn PaymentProvider>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> AppState {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let mock = settings.mock();
    let shop = Shop {
        billing: Billing::new(stores.store.clone(), provider, clock.clone(), entropy.clone())
            .with_order_limits(settings.order_limits),
        settings: Arc::new(ShopSettings {
            public_url: public_url.as_str().trim_end_matches('/').to_owned(),
            mock,
            issuer: settings.issuer.clone(),
            time_zone: settings.time_zone.clone(),
            legal: settings.legal.legal.clone(),
        }),
    };
    let identity = Identity::new(stores.accounts.clone(), clock.clone(), entropy, mock);
    AppState::from(Parts {
        shop,
        store: stores.store,
        accounts: stores.accounts,
        identity: Arc::new(identity),
        clock,
        webhook_secrets: settings.webhook_secrets.clone().into(),
        site: Arc::new(Site {
            public_url,
            checkout_origin: settings.payments.checkout_origin(),
            client_ip_header: settings.client_ip_header.clone(),
            cookie_prefix: settings.cookie_prefix.clone(),
            watch: settings.watch,
        }),
        leptos: LeptosOptions::builder()
            .output_name(files::name(&Path::new(&settings.site_root).join(PKG), "shop"))
            .site_root(settings.site_root.as_str())
            .site_pkg_dir(PKG)
            .site_addr(settings.listen_addr)
            .reload_port(3_001_u32)
            .build(),
        streams: Streams::default(),
        tasks: TaskHealth::default(),
        mailbox: matches!(settings.mail, config::Mail::Mailbox).then(Mailbox::default),
        shutdown,
        log_limits: LogLimits::default(),
        metrics: Metrics::start(),
        readiness: Readiness::default(),
    })
}

/// Who sends the mails of a process.
pub fn mailer(settings: &Settings, state: &AppState) -> Result<Mailer, StartupError> {
    let wrong = |what: String| StartupError(format!("SMTP_URL is wrong: {what}."));
    let (transport, from) = match &settings.mail {
        config::Mail::Smtp { url, from } => {
            (Transport::Smtp(smtp::transport(url.expose_secret()).map_err(wrong)?), from.clone())
        }
        config::Mail::Mailbox => {
            let from = "IZA Credits <shop@example.com>".parse().map_err(|_| wrong("nobody to send as".to_owned()))?;
            (Transport::Mailbox(state.mailbox.clone().unwrap_or_default()), from)
        }
    };
    let (shop, accounts) = (state.shop.clone(), state.accounts.clone());
    Ok(Mailer { shop, accounts, from, transport, pause: settings.mail_pause })
}

/// Keeps what buyers are asked to agree to, before anybody is.
pub async fn keep_consent_texts(settings: &Settings, store: &dyn Store) -> Result<(), StartupError> {
    for texts in &settings.legal.legal.0 {
        store.keep_consent_text(&texts.consent).await.map_err(|error| unusable(&error))?;
    }
    Ok(())
}

/// Mock mode gives credits away and takes a question about a session for its payment: never beside sales by the provider.
pub async fn refuse_mock_mode_on_sales(settings: &Settings, store: &dyn Store) -> Result<(), StartupError> {
    let foreign =
        async || store.has_checkout_without_prefix(MOCK_SESSION_PREFIX).await.map_err(|error| unusable(&error));
    if settings.mock() && foreign().await? {
        return Err(StartupError(
            "STRIPE_SECRET_KEY is missing, and the database that DATABASE_URL names holds sales by Stripe: in mock mode \
             credits would be given away there. Set STRIPE_SECRET_KEY, or name another database for mock mode."
                .to_owned(),
        ));
    }
    Ok(())
}

/// For `check-config`: whether mock mode may run on the database, as far as there is one; also on an older release's.
pub async fn check_mock_mode(settings: &Settings) -> Result<(), StartupError> {
    if !settings.mock() {
        return Ok(());
    }
    let url = settings.database_url.expose_secret();
    let (store, is_empty): (Arc<dyn Store>, bool) = if url.starts_with("sqlite:") {
        let store = match SqliteStore::open_existing(url, sqlite_limits(settings)).await {
            Err(store_sqlite::OpenError::Missing { .. }) => return Ok(()),
            opened => opened.map_err(|error| unusable(&error))?,
        };
        let is_empty = matches!(store.check_migrated().await, Err(store_sqlite::MigrateError::Behind(1)));
        (Arc::new(store), is_empty)
    } else {
        let opened = PostgresStore::open_with(url, postgres_limits(settings)).await;
        let store = opened.map_err(|error| unusable(&error))?;
        let is_empty = matches!(store.check_migrated().await, Err(store_postgres::MigrateError::Behind(1)));
        (Arc::new(store), is_empty)
    };
    let outcome = if is_empty { Ok(()) } else { refuse_mock_mode_on_sales(settings, store.as_ref()).await };
    store.close().await;
    outcome
}

/// The worker by itself, for what an operator does by hand: on a database that is there, and as new as this build.
pub async fn worker(settings: &Settings) -> Result<Worker, StartupError> {
    let public_url = settings.public_url.clone().or_else(|| local_url(settings.listen_addr));
    let public_url = public_url.ok_or_else(|| StartupError("PUBLIC_URL is missing: set it.".to_owned()))?;
    let provider = payment_provider(settings, &public_url)?;
    let stores = open_existing(settings).await?;
    refuse_mock_mode_on_sales(settings, stores.store.as_ref()).await?;
    let billing = Billing::new(stores.store, provider, Arc::new(SystemClock), Arc::new(SystemEntropy));
    Ok(Worker { billing, accounts: stores.accounts, asks_provider: !settings.mock(), issuer: settings.issuer.clone() })
}

/// Serves until it is told to stop.
pub async fn run(settings: Settings) -> Result<(), StartupError> {
    tracing::info!("{}", settings.mode());
    let (listener, address) = listen::shop(&settings).await?;
    let (admin_listener, admin_address) = listen::admin(&settings).await?;
    let public_url = settings.public_url.clone().or_else(|| local_url(address));
    let public_url = public_url.ok_or_else(|| StartupError("PUBLIC_URL is missing: set it.".to_owned()))?;
    let provider = payment_provider(&settings, &public_url)?;
    let stores = open_migrated(&settings).await?;
    refuse_mock_mode_on_sales(&settings, stores.store.as_ref()).await?;
    if settings.public_mock_mode {
        tracing::warn!("ALLOW_PUBLIC_MOCK_MODE is set: whoever reaches this shop gets credits for nothing");
    }
    keep_consent_texts(&settings, stores.store.as_ref()).await?;
    if settings.live() && !settings.legal.samples.is_empty() {
        let files = settings.legal.samples.join(", ");
        tracing::warn!(
            files,
            "sample texts are shown to customers: write your own into the folder that LEGAL_DIR names"
        );
    }
    if matches!(settings.mail, config::Mail::Mailbox) {
        tracing::info!("mails are not sent: {}", listen::mailbox(admin_address));
    }
    let shutdown = CancellationToken::new();
    let state = assemble(&settings, public_url, stores, provider, Arc::new(SystemClock), shutdown.clone());
    if settings.mock() {
        let created = state.identity.create_demo_account().await;
        created.map_err(|problem| StartupError(format!("The demo account cannot be made: {}", problem.detail)))?;
    }
    let mailer = mailer(&settings, &state)?;
    // Before anybody is told that it runs, and may want to stop it.
    let signals = Signals::listen().map_err(|error| StartupError(format!("Signals cannot be heard: {error}.")))?;
    tokio::spawn(stop_on_signal(signals, shutdown.clone()));
    let tasks = Tasks::new(state.tasks.clone(), state.clock.clone(), shutdown.clone());
    let worker = Worker {
        billing: state.shop.billing.clone(),
        accounts: state.accounts.clone(),
        asks_provider: !settings.mock(),
        issuer: settings.issuer.clone(),
    };
    for job in worker.jobs() {
        tasks.start(job);
    }
    tasks.start(mailer.job());
    tasks.start(upkeep(&state));
    tasks.start(gauges::job(state.store.clone(), state.streams.clone(), state.clock.clone()));
    announce(&state, settings.mock());
    tokio::join!(
        serve(listener, router(&state), shutdown.clone()),
        serve(admin_listener, admin(&state), shutdown.clone()),
    );
    tasks.stop(TASKS_GRACE).await;
    state.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what whoever started it wants to read")]
fn announce(state: &AppState, mock: bool) {
    println!("IZA Credits: {}", state.site.public_url);
    if mock {
        println!("Mock mode: nobody pays. Sign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}.");
    }
}

fn upkeep(state: &AppState) -> Job {
    let state = state.clone();
    Job::new("upkeep", UPKEEP_EVERY, UPKEEP_TIME_MAX, move || {
        let state = state.clone();
        async move {
            state.identity.clean_up().await;
            state.metrics.run_upkeep();
            Next::Wait
        }
    })
}

/// Ctrl-C or SIGTERM: no new connections, running requests may finish, open streams end. Once more, or when that takes too
/// long: at once.
async fn stop_on_signal(mut signals: Signals, shutdown: CancellationToken) {
    signals.next().await;
    tracing::info!("stopping");
    shutdown.cancel();
    // A thread, since what holds the process up may hold up its tasks as well.
    std::thread::spawn(|| {
        std::thread::sleep(STOP_TIME_MAX);
        tracing::error!(seconds = STOP_TIME_MAX.as_secs(), "stopping took too long, so the process was ended");
        std::process::exit(1);
    });
    signals.next().await;
    std::process::exit(130);
}

/// Heard from the moment this is made.
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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
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

    async fn next(&mut self) {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
