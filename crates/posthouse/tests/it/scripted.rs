//! A tiny HTTP server that answers from a script and remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One request as received.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET /v3/grants?limit=200`.
    pub line: String,
    /// The Authorization header.
    pub authorization: String,
    /// The body's JSON; null without one.
    pub body: serde_json::Value,
}

type Script = HashMap<String, (u16, String)>;

/// A server that lives as long as the process.
pub struct Scripted {
    /// Its base URL.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Starts on a free port; whatever the script does not name is a 404 in the API's form.
    pub fn start(script: &[(&str, u16, &str)]) -> Self {
        let script: Script = script
            .iter()
            .map(|(line, status, body)| ((*line).to_owned(), (*status, (*body).to_owned())))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &script, &log);
            }
        });
        Self { url, asked }
    }

    /// Everything asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("lock").clone()
    }

    /// The request lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

fn answer(stream: TcpStream, script: &Script, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("clone"));
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let line = first
        .rsplit_once(' ')
        .map_or("", |(line, _)| line)
        .to_owned();
    let mut authorization = String::new();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("header");
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ").expect("header form");
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = value.to_owned(),
            "content-length" => length = value.parse().expect("length"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("body");
    let body = serde_json::from_slice(&body).unwrap_or(serde_json::Value::Null);
    log.lock().expect("lock").push(Asked {
        line: line.clone(),
        authorization,
        body,
    });
    let missing = (404, NOT_FOUND.to_owned());
    let (status, text) = script.get(&line).unwrap_or(&missing);
    let now =
        jiff::fmt::rfc2822::to_string(&jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC))
            .expect("date");
    let date = now.replace("+0000", "GMT");
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\nDate: {date}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(text.as_bytes()));
}

/// What the API says about ids it does not know.
pub const NOT_FOUND: &str =
    r#"{"request_id":"r-404","error":{"type":"not_found_error","message":"object not found"}}"#;
