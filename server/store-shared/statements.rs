//! Statements with a part that differs between the databases and comes from each crate's `dialect`.

use billing::{purchase::Purchase, store::OrderLimits};
use jiff::SignedDuration;

/// When the provider is first asked about a purchase that stays PENDING.
pub(crate) const CHECKED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// A session's user, with balance and number of changes.
pub(crate) struct SessionRow {
    pub token_hash: String,
    pub data: String,
    pub id: String,
    pub tenant_id: String,
    pub email: String,
    pub seq: Option<i64>,
    pub balance_after: Option<i64>,
    pub changes: i64,
    pub held: i64,
}

/// `SELECT` of [`SessionRow`]s. Each crate's `dialect` adds the condition, because SQLite has no list parameters. The
/// second argument is the current time.
macro_rules! select_sessions {
    ($condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            $crate::portable::SessionRow,
            r#"SELECT sessions.token_hash AS "token_hash!", sessions.data AS "data!", users.id AS "id!",
                users.tenant_id AS "tenant_id!", users.email AS "email!", newest.seq AS "seq?",
                newest.balance_after AS "balance_after?", tenants.changes AS "changes!",
                COALESCE((SELECT CAST(sum(credits - captured) AS BIGINT) FROM holds WHERE holds.tenant_id = users.tenant_id
                    AND holds.status = 'ACTIVE' AND holds.expires_at > $2), 0) AS "held!: i64"
            FROM sessions
            JOIN users ON users.id = sessions.user_id
            JOIN tenants ON tenants.id = users.tenant_id
            LEFT JOIN ledger_entries AS newest ON newest.tenant_id = users.tenant_id
                AND newest.seq = (SELECT max(seq) FROM ledger_entries WHERE tenant_id = users.tenant_id)
            WHERE "# + $condition,
            $($argument),+
        )
    };
}
pub(crate) use select_sessions;

/// The columns of a new purchase, and the values for counting the tenant's orders.
pub(crate) struct NewPurchaseRow<'a> {
    pub(crate) purchase: &'a Purchase,
    pub(crate) metadata_json: String,
    pub(crate) reversals_json: String,
    pub(crate) limits: Option<OrderLimits>,
}

impl NewPurchaseRow<'_> {
    /// A boundary between the ids of purchases within the window and all earlier ones: ids start with their time in
    /// milliseconds.
    pub(crate) fn recent_after(&self) -> String {
        let first = (self.purchase.created_at - OrderLimits::WINDOW).as_millisecond() + 1;
        format!("{:08x}-{:04x}", first >> 16, first & 0xffff)
    }
}

/// `INSERT` of a [`NewPurchaseRow`], unless the tenant has used its order key before. `$may_order` is the condition of
/// each crate's `dialect` for the tenant's limits: fewer than $24 open purchases, and fewer than $26 with an id greater
/// than $25.
macro_rules! insert_purchase {
    ($may_order:literal, $row:expr) => {{
        let purchase = $row.purchase;
        let checkout = purchase.checkout.as_ref();
        let failure = purchase.state.failure();
        // NOT EXISTS catches the usual repetition before SQLite's trigger does; ON CONFLICT catches a concurrent one.
        sqlx::query!(
            "INSERT INTO purchases (id, tenant_id, ordered_by, order_key, provider, provider_ref, checkout_url, product_id,
                type, status, failure_reason, amount_cents, currency, credits_amount, metadata_json, payment_ref,
                created_at, updated_at, paid_at, failed_at, refunded_at, version, reversals_json, check_after)
            SELECT $1, $2, $3, $4, 'STRIPE', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23
            WHERE NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = $2 AND order_key = $4) AND "
                + $may_order
                + " ON CONFLICT (tenant_id, order_key) DO NOTHING",
            purchase.id.to_string(),
            purchase.tenant_id.to_string(),
            purchase.ordered_by.to_string(),
            purchase.order_key.as_ref().map(billing::purchase::OrderKey::as_str),
            checkout.map(|checkout| checkout.provider_ref.as_str()),
            checkout.map(|checkout| checkout.url.as_str()),
            purchase.item.product_id,
            purchase.item.kind.as_str(),
            purchase.status().as_str(),
            failure.map(|failed| failed.reason.as_str()),
            purchase.item.price.cents,
            purchase.item.price.currency.code(),
            purchase.item.credits.0,
            $row.metadata_json,
            purchase.payment_ref,
            $crate::portable::row::micros(purchase.created_at),
            $crate::portable::row::micros(purchase.updated_at),
            purchase.state.paid_at().map($crate::portable::row::micros),
            failure.map(|failed| $crate::portable::row::micros(failed.at)),
            purchase.state.refunded_at().map($crate::portable::row::micros),
            purchase.version,
            $row.reversals_json,
            $crate::portable::row::micros(purchase.created_at + $crate::portable::CHECKED_AFTER),
            $row.limits.map(|limits| i64::from(limits.open_max)),
            $row.recent_after(),
            $row.limits.map(|limits| i64::from(limits.per_minute_max))
        )
    }};
}
pub(crate) use insert_purchase;
