//! The platform's endpoint for webhooks, in the parent process.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running endpoint.
pub struct Receiver {
    pub url: String,
    state: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    answer: Arc<Mutex<StatusCode>>,
    /// The id and the payload of each webhook, as they came.
    received: Arc<Mutex<Vec<(String, String)>>>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(StatusCode::NO_CONTENT));
        let state = Shared { answer, received: Arc::default() };
        let router = Router::new().route("/", post(receive)).with_state(state.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, task }
    }

    /// Sets the answer from now on.
    pub fn answer(&self, status: StatusCode) {
        *self.state.answer.lock().unwrap() = status;
    }

    pub fn received(&self) -> Vec<(String, String)> {
        self.state.received.lock().unwrap().clone()
    }
}

async fn receive(State(state): State<Shared>, headers: HeaderMap, payload: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    state.received.lock().unwrap().push((id, payload));
    *state.answer.lock().unwrap()
}
