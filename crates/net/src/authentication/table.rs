//! A DNS made of a table, for tests.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;

use super::dns::{Dns, Found, NotFound};

/// Answers from what it was told; everything else does not exist.
#[derive(Debug, Default)]
pub(super) struct Table {
    txt: HashMap<String, Vec<Vec<u8>>>,
    a: HashMap<String, Vec<Ipv4Addr>>,
    mx: HashMap<String, Vec<String>>,
    ptr: HashMap<IpAddr, Vec<String>>,
    trouble: Vec<String>,
    silent: Vec<String>,
    asked: Mutex<Vec<String>>,
}

impl Table {
    pub(super) fn txt(mut self, name: &str, text: &str) -> Self {
        let texts = self.txt.entry(name.to_owned()).or_default();
        texts.push(text.as_bytes().to_vec());
        self
    }

    pub(super) fn a(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses
            .iter()
            .map(|text| text.parse::<Ipv4Addr>().unwrap());
        self.a.entry(name.to_owned()).or_default().extend(addresses);
        self
    }

    pub(super) fn mx(mut self, name: &str, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| (*host).to_owned());
        self.mx.entry(name.to_owned()).or_default().extend(hosts);
        self
    }

    pub(super) fn ptr(mut self, address: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.ptr.insert(address.parse().unwrap(), names);
        self
    }

    /// Questions about the name are refused an answer.
    pub(super) fn trouble(mut self, name: &str) -> Self {
        self.trouble.push(name.to_owned());
        self
    }

    /// Questions about the name are never answered.
    pub(super) fn silent(mut self, name: &str) -> Self {
        self.silent.push(name.to_owned());
        self
    }

    pub(super) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn exists(&self, name: &str) -> bool {
        let below = format!(".{name}");
        let mut names = self.txt.keys().chain(self.a.keys()).chain(self.mx.keys());
        names.any(|other| other == name || other.ends_with(&below))
    }

    fn find<'a, T: Clone + Send + Sync + 'a>(
        &'a self,
        name: &'a str,
        records: &'a HashMap<String, Vec<T>>,
    ) -> Found<'a, T> {
        self.asked.lock().unwrap().push(name.to_owned());
        Box::pin(async move {
            if self.silent.iter().any(|other| other == name) {
                std::future::pending::<()>().await;
            }
            if self.trouble.iter().any(|other| other == name) {
                return Err(NotFound::Trouble);
            }
            match records.get(name) {
                Some(found) => Ok(found.clone()),
                None if self.exists(name) => Ok(Vec::new()),
                None => Err(NotFound::NoName),
            }
        })
    }
}

impl Dns for Table {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        self.find(name, &self.txt)
    }

    fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr> {
        self.find(name, &self.a)
    }

    fn aaaa<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv6Addr> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn mx<'a>(&'a self, name: &'a str) -> Found<'a, String> {
        self.find(name, &self.mx)
    }

    fn ptr(&self, address: IpAddr) -> Found<'_, String> {
        Box::pin(async move { self.ptr.get(&address).cloned().ok_or(NotFound::NoName) })
    }
}
