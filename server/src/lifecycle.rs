//! Starts and stops the process: from settings to serving, and to a clean shutdown.

use std::{path::Path, sync::Arc, time::Duration};

use app::context::{Shop, ShopSettings};
use billing::{
    Billing, Platform, Webhooks,
    clock::{Clock, Entropy},
    provider::PaymentProvider,
    store::Store,
};
use leptos::config::LeptosOptions;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    config::{self, Payments, Settings, local_url},
    database::{self, Stores, unusable},
    gauges,
    identity::{DEMO_EMAIL, DEMO_PASSWORD, Identity},
    listen,
    log_limit::LogLimits,
    mail::{Mailer, Transport, mailbox::Mailbox, smtp},
    mock::MockProvider,
    platform::PlatformService,
    public_site::Site,
    readiness::Readiness,
    router::{admin, files, router},
    serve::serve,
    shutdown::{self, Shutdown},
    site,
    startup_error::StartupError,
    state::{AppState, Parts},
    streams::Streams,
    stripe::client::{StripeProvider, StripeSettings, call::RetryPolicy},
    system::{SystemClock, SystemEntropy},
    tasks::{Job, Next, TaskHealth, Tasks},
    telemetry::Metrics,
    webhooks::WebhookSender,
    worker::Worker,
};

/// How often the process deletes expired data, and how long that may take.
const UPKEEP_EVERY: Duration = Duration::from_mins(5);
const UPKEEP_TIME_MAX: Duration = Duration::from_mins(1);
/// How long the rounds of background tasks may go on after the last request has ended.
const TASKS_GRACE: Duration = Duration::from_secs(5);

/// The payment provider of the settings.
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

/// Builds the state of the process from its settings and its adapters.
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
    let platform = Platform::new(stores.platform, clock.clone(), entropy.clone());
    let mails_operator = settings.operator_email.is_some();
    let webhooks = Webhooks::new(stores.webhooks, clock.clone(), entropy.clone(), mails_operator);
    let identity = Identity::new(stores.accounts.clone(), clock.clone(), entropy, mock);
    AppState::from(Parts {
        shop,
        store: stores.store,
        accounts: stores.accounts,
        webhooks,
        identity: Arc::new(identity),
        platform: PlatformService::new(platform, clock.clone(), settings.platform),
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
            .output_name(files::name(&Path::new(&settings.site_root).join(site::PKG), site::NAME))
            .site_root(settings.site_root.as_str())
            .site_pkg_dir(site::PKG)
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
        draining: CancellationToken::new(),
    })
}

/// The mailer of the settings.
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
    Ok(Mailer {
        shop: state.shop.clone(),
        accounts: state.accounts.clone(),
        webhooks: state.webhooks.clone(),
        operator: settings.operator_email.clone(),
        from,
        transport,
        pause: settings.mail_pause,
    })
}

/// Stores the current consent texts. Must be called before the first order, which refers to one.
pub async fn keep_consent_texts(settings: &Settings, store: &dyn Store) -> Result<(), StartupError> {
    for texts in &settings.legal.legal.0 {
        store.keep_consent_text(&texts.consent).await.map_err(|error| unusable(&error))?;
    }
    Ok(())
}

/// Only the worker, for an operator's command. Needs a database with this build's schema.
pub async fn worker(settings: &Settings) -> Result<Worker, StartupError> {
    let public_url = settings.public_url.clone().or_else(|| local_url(settings.listen_addr));
    let public_url = public_url.ok_or_else(|| StartupError("PUBLIC_URL is missing: set it.".to_owned()))?;
    let provider = payment_provider(settings, &public_url)?;
    let stores = database::open_to_operate(settings).await?;
    let billing = Billing::new(stores.store, provider, Arc::new(SystemClock), Arc::new(SystemEntropy));
    Ok(Worker { billing, accounts: stores.accounts, asks_provider: !settings.mock(), issuer: settings.issuer.clone() })
}

/// The use cases of the platform API, for an operator's command. Needs a database with this build's schema.
pub async fn platform(settings: &Settings) -> Result<(Platform, Arc<dyn Store>), StartupError> {
    let stores = database::open_to_operate(settings).await?;
    Ok((Platform::new(stores.platform, Arc::new(SystemClock), Arc::new(SystemEntropy)), stores.store))
}

/// The use cases of webhooks out, for an operator's command. Needs a database with this build's schema.
pub async fn webhooks(settings: &Settings) -> Result<(Webhooks, Arc<dyn Store>), StartupError> {
    let stores = database::open_to_operate(settings).await?;
    let mails_operator = settings.operator_email.is_some();
    let webhooks = Webhooks::new(stores.webhooks, Arc::new(SystemClock), Arc::new(SystemEntropy), mails_operator);
    Ok((webhooks, stores.store))
}

/// The sender of webhooks that the settings describe.
pub fn webhook_sender(settings: &Settings, state: &AppState) -> WebhookSender {
    let (webhooks, clock) = (state.webhooks.clone(), state.clock.clone());
    WebhookSender::new(webhooks, clock, settings.webhook_allow_private, state.shutdown.clone())
}

/// Serves until it is told to stop.
pub async fn run(settings: Settings) -> Result<(), StartupError> {
    tracing::info!("{}", settings.mode());
    site::check(Path::new(&settings.site_root))?;
    let (listener, address) = listen::shop(&settings).await?;
    let (admin_listener, admin_address) = listen::admin(&settings).await?;
    let public_url = settings.public_url.clone().or_else(|| local_url(address));
    let public_url = public_url.ok_or_else(|| StartupError("PUBLIC_URL is missing: set it.".to_owned()))?;
    let provider = payment_provider(&settings, &public_url)?;
    let stores = database::open_to_serve(&settings).await?;
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
    // The signal handler is installed before the address is printed, because a script that reads the address may send a
    // signal at once.
    let shutdown = Shutdown { draining: state.draining.clone(), stopping: shutdown, delay: settings.shutdown_delay };
    shutdown::on_signal(shutdown.clone())
        .map_err(|error| StartupError(format!("Signals cannot be heard: {error}.")))?;
    let tasks = Tasks::new(state.tasks.clone(), state.clock.clone(), shutdown.stopping.clone());
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
    tasks.start(webhook_sender(&settings, &state).job());
    tasks.start(upkeep(&state));
    tasks.start(state.platform.tidy_job());
    tasks.start(gauges::job(state.store.clone(), state.streams.clone(), state.clock.clone()));
    announce(&state, settings.mock());
    tokio::join!(serve(listener, router(&state), &shutdown), serve(admin_listener, admin(&state), &shutdown),);
    tasks.stop(TASKS_GRACE).await;
    state.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the address is the output of the command")]
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
            state.platform.forget_old();
            state.metrics.run_upkeep();
            Next::Wait
        }
    })
}
