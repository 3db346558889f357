//! Opens the database that `DATABASE_URL` names: to serve, to migrate, for an operator's command, or for a check.

use std::sync::Arc;

use billing::{
    platform::PlatformStore,
    store::{AccountStore, Store, WebhookStore},
};
use secrecy::ExposeSecret;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    config::{DatabaseLimits, Settings},
    mock::MOCK_SESSION_PREFIX,
    startup_error::StartupError,
};

/// The pause between attempts to reach a database that is not up yet.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The ports to one database.
#[derive(Clone)]
pub struct Stores {
    /// Purchases, ledger and events.
    pub store: Arc<dyn Store>,
    /// Accounts and sessions.
    pub accounts: Arc<dyn AccountStore>,
    /// Tenants, wallets and API keys.
    pub platform: Arc<dyn PlatformStore>,
    /// Webhooks out.
    pub webhooks: Arc<dyn WebhookStore>,
}

/// An open database.
enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// What to do if the database does not exist or is not up yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfMissing {
    /// Create the SQLite file; wait for the PostgreSQL server, which may start later than the shop.
    Provide,
    /// Fail.
    Fail,
}

impl Database {
    /// Opens the database; `None` if the SQLite file is missing and must not be created.
    async fn open(settings: &Settings, if_missing: IfMissing) -> Result<Option<Self>, StartupError> {
        let url = settings.database_url.expose_secret();
        if !url.starts_with("sqlite:") {
            let store = open_postgres(settings, if_missing).await.map_err(|error| unusable(&error))?;
            return Ok(Some(Self::Postgres(store)));
        }
        let DatabaseLimits { connections, time } = settings.database_limits;
        let default = store_sqlite::Limits::default();
        let limits = store_sqlite::Limits {
            connections: connections.unwrap_or(default.connections),
            time,
            coalescing: settings.platform.coalescing,
        };
        let opened = match if_missing {
            IfMissing::Provide => SqliteStore::open_with(url, limits).await,
            IfMissing::Fail => SqliteStore::open_existing(url, limits).await,
        };
        match opened {
            Ok(store) => Ok(Some(Self::Sqlite(store))),
            Err(store_sqlite::OpenError::Missing { .. }) => Ok(None),
            Err(error) => Err(unusable(&error)),
        }
    }

    async fn migrate(&self) -> Result<(), StartupError> {
        match self {
            Self::Sqlite(store) => store.migrate().await.map_err(|error| unusable(&error)),
            Self::Postgres(store) => store.migrate().await.map_err(|error| unusable(&error)),
        }
    }

    async fn check_migrated(&self) -> Result<(), StartupError> {
        match self {
            Self::Sqlite(store) => store.check_migrated().await.map_err(|error| unusable(&error)),
            Self::Postgres(store) => store.check_migrated().await.map_err(|error| unusable(&error)),
        }
    }

    /// Whether no migration has been applied.
    async fn is_empty(&self) -> bool {
        match self {
            Self::Sqlite(store) => matches!(store.check_migrated().await, Err(store_sqlite::MigrateError::Behind(1))),
            Self::Postgres(store) => {
                matches!(store.check_migrated().await, Err(store_postgres::MigrateError::Behind(1)))
            }
        }
    }

    /// Refuses mock mode on a database with sales by the provider: it gives credits away, and retrieving a session pays
    /// it. Reads only what the schema of every release has.
    async fn refuse_mock_mode_on_sales(&self, settings: &Settings) -> Result<(), StartupError> {
        if !settings.mock() || self.is_empty().await {
            return Ok(());
        }
        let sold = self.store().has_checkout_without_prefix(MOCK_SESSION_PREFIX).await;
        if sold.map_err(|error| unusable(&error))? {
            return Err(StartupError(
                "STRIPE_SECRET_KEY is missing, and the database that DATABASE_URL names holds sales by Stripe: in mock mode \
                 credits would be given away there. Set STRIPE_SECRET_KEY, or name another database for mock mode."
                    .to_owned(),
            ));
        }
        Ok(())
    }

    fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    fn stores(self) -> Stores {
        match self {
            Self::Sqlite(store) => {
                let store = Arc::new(store);
                Stores { store: store.clone(), accounts: store.clone(), platform: store.clone(), webhooks: store }
            }
            Self::Postgres(store) => {
                let store = Arc::new(store);
                Stores { store: store.clone(), accounts: store.clone(), platform: store.clone(), webhooks: store }
            }
        }
    }
}

/// Opens the database to serve from it, and migrates it. Checks the mode before anything is changed.
pub async fn open_to_serve(settings: &Settings) -> Result<Stores, StartupError> {
    let database = require(Database::open(settings, IfMissing::Provide).await?, settings)?;
    database.refuse_mock_mode_on_sales(settings).await?;
    database.migrate().await?;
    Ok(database.stores())
}

/// Migrates the database, and closes it. Does not check the mode.
pub async fn migrate(settings: &Settings) -> Result<(), StartupError> {
    let database = require(Database::open(settings, IfMissing::Provide).await?, settings)?;
    let outcome = database.migrate().await;
    database.store().close().await;
    outcome
}

/// Opens the database for an operator's command. Creates no database, and does not migrate it.
pub async fn open_to_operate(settings: &Settings) -> Result<Stores, StartupError> {
    let database = require(Database::open(settings, IfMissing::Fail).await?, settings)?;
    database.check_migrated().await?;
    database.refuse_mock_mode_on_sales(settings).await?;
    Ok(database.stores())
}

/// Checks the mode against the database, if it exists; also on an older release's schema. Changes nothing.
pub async fn check_mode(settings: &Settings) -> Result<(), StartupError> {
    if !settings.mock() {
        return Ok(());
    }
    let Some(database) = Database::open(settings, IfMissing::Fail).await? else { return Ok(()) };
    let outcome = database.refuse_mock_mode_on_sales(settings).await;
    database.store().close().await;
    outcome
}

fn require(database: Option<Database>, settings: &Settings) -> Result<Database, StartupError> {
    let url = settings.database_url.expose_secret();
    database.ok_or_else(|| {
        // A SQLite URL holds no password.
        StartupError(format!("DATABASE_URL: there is no database at {url}; `server migrate` makes one."))
    })
}

async fn open_postgres(settings: &Settings, if_missing: IfMissing) -> Result<PostgresStore, store_postgres::OpenError> {
    let DatabaseLimits { connections, time } = settings.database_limits;
    let default = store_postgres::Limits::default();
    let limits = store_postgres::Limits {
        connections: connections.unwrap_or(default.connections),
        time,
        coalescing: settings.platform.coalescing,
    };
    let urls = store_postgres::Urls {
        main: settings.database_url.expose_secret(),
        direct: settings.database_direct_url.as_ref().map(ExposeSecret::expose_secret),
    };
    let began = Instant::now();
    loop {
        match PostgresStore::open_with(urls, limits).await {
            Err(error)
                if if_missing == IfMissing::Provide
                    && error.is_passing()
                    && began.elapsed() < settings.database_wait =>
            {
                tracing::warn!(%error, "waiting for the database");
                sleep(RETRY_AFTER).await;
            }
            outcome => return outcome,
        }
    }
}

/// The error for a database that cannot be used.
pub fn unusable(error: &dyn std::error::Error) -> StartupError {
    StartupError(format!("DATABASE_URL: {error}."))
}
