//! Settings: environment variables, or lines of a `.env` file, checked all at once.

mod database_url;
mod environment;
mod limits;
mod platform;
mod read;
mod reader;
mod seller;
mod settings;

pub use environment::environment;
pub use read::{default_admin_addr, local_url};
pub use settings::{DatabaseLimits, Mail, Payments, Settings, WrongSettings};
