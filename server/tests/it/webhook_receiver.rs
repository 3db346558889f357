//! A receiver of webhooks that does everything wrong.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    Answer(u16),
    AnswerAfter(Duration),
    AnswerTwice,
    Redirect(String),
    Reset,
    Hang,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret.trim()).unwrap().verify(self.body.as_bytes(), &self.headers).is_ok()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Takes webhooks on this machine, and behaves as it is told.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
    pub arrived: Arc<Notify>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(Behaviour::Answer(204)));
        let receiver = Self { url, behaviour, received: Arc::default(), arrived: Arc::default() };
        let receiving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let receiver = receiving.clone();
                tokio::spawn(async move { receiver.converse(connection).await });
            }
        });
        receiver
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn converse(&self, connection: TcpStream) -> Option<()> {
        let behaviour = self.behaviour.lock().unwrap().clone();
        if matches!(behaviour, Behaviour::Reset) {
            // Closed with a request unread, which is a reset.
            connection.readable().await.ok()?;
            return None;
        }
        let mut connection = BufReader::new(connection);
        let (mut headers, mut line) = (HeaderMap::new(), String::new());
        connection.read_line(&mut line).await.ok()?;
        assert_eq!(line, "POST /hooks HTTP/1.1\r\n");
        loop {
            line.clear();
            connection.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let mut body = vec![0; headers["content-length"].to_str().unwrap().parse().unwrap()];
        connection.read_exact(&mut body).await.ok()?;
        self.received.lock().unwrap().push(Received { headers, body: String::from_utf8(body).unwrap() });
        self.arrived.notify_one();
        let answer = |status: u16| format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n");
        let text = match behaviour {
            Behaviour::Answer(status) => answer(status),
            Behaviour::AnswerAfter(pause) => {
                tokio::time::sleep(pause).await;
                answer(200)
            }
            Behaviour::AnswerTwice => answer(200) + &answer(500),
            Behaviour::Redirect(to) => format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
            Behaviour::Hang | Behaviour::Reset => {
                tokio::time::sleep(Duration::from_mins(1)).await;
                return None;
            }
        };
        connection.write_all(text.as_bytes()).await.ok()
    }
}
