//! What the race asks of a shop, whichever it is.

pub mod vendure;
pub mod veza;

use crate::provider::Provider;
use crate::session::Session;
use async_trait::async_trait;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use veza_bench::failure::Outcome;

/// Products of each shop.
pub const PRODUCTS: usize = 1000;
/// Price of each, in minor units.
pub const PRICE: i64 = 1000;
/// Buyers that can sign in.
pub const BUYERS: usize = 48;
/// Products on a page of a list, or of what was found.
pub const PAGE: usize = 20;

/// An order whose payment is open at the provider.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The shop's id of the order.
    pub order: String,
    /// The provider's id of the payment.
    pub payment: String,
    /// What the buyer's browser confirms it with.
    pub client_secret: String,
}

/// A page that is read again and again.
#[derive(Clone, Debug)]
pub struct Page {
    /// The request.
    pub request: Vec<u8>,
    /// A right answer begins like this …
    pub begins: &'static str,
    /// … and has at least so many bytes.
    pub bytes_min: usize,
}

/// What a shop's database says about one order, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The payment's id at the provider.
    pub payment: String,
    /// Where the order stands, in the shop's words.
    pub state: String,
    /// What was paid; 0 while it was not.
    pub paid: i64,
    /// What went back.
    pub refunded: i64,
    /// What of it waits for something, in words; empty if nothing does.
    pub waits: String,
}

/// A shop: how it is started, and how one buys from it.
#[async_trait(?Send)]
pub trait Shop {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Puts a filled database into an empty folder.
    ///
    /// # Errors
    /// It can't be written.
    fn fill(&self, folder: &Path) -> Outcome<()>;

    /// How it is started on the database in `folder`.
    fn command(&self, folder: &Path, address: SocketAddr, provider: &str) -> Command;

    /// What answers 200 once it can work.
    fn ready_path(&self) -> &'static str;

    /// Where the provider's webhooks go.
    fn webhook_path(&self) -> &'static str;

    /// The list of the first [`PAGE`] products.
    fn list(&self) -> Page;

    /// Products whose title holds a word; none if the shop has no search.
    fn search(&self) -> Option<Page>;

    /// Signs buyer `number` in.
    ///
    /// # Errors
    /// It does not let them in.
    async fn log_in(&self, address: SocketAddr, number: usize) -> Outcome<Session>;

    /// Signs in who may refund orders of `buyer`.
    ///
    /// # Errors
    /// It does not let them in.
    async fn refunder(&self, address: SocketAddr, buyer: &Session) -> Outcome<Session>;

    /// Orders product `number`, up to the payment that the browser can confirm. `again`: as a client may who got no answer to that,
    /// with the same key, where the shop takes one.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    async fn place(&self, buyer: &mut Session, number: usize, key: &str, again: bool) -> Outcome<Placed>;

    /// Does the shop tell the buyer that it is paid?
    ///
    /// # Errors
    /// It does not say.
    async fn is_paid(&self, buyer: &mut Session, placed: &Placed) -> Outcome<bool>;

    /// Asks for a refund of so much, under a key that repeats share, where the shop takes one. True if the shop took it on.
    ///
    /// # Errors
    /// It does not answer.
    async fn refund(&self, who: &mut Session, placed: &Placed, amount: i64, key: &str) -> Outcome<bool>;

    /// A whole purchase without a provider, where the shop has such a thing; false if not.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    async fn buy_without_provider(&self, _buyer: &mut Session, _number: usize) -> Outcome<bool> {
        Ok(false)
    }

    /// What its database says, order by order.
    ///
    /// # Errors
    /// It can't be read, or contradicts itself.
    fn entries(&self, folder: &Path) -> Outcome<Vec<Entry>>;

    /// Version and settings, for the reader.
    fn described(&self) -> String;
}

/// A shop's server, the provider that it talks to, and the folder they have for themselves.
pub struct Stand<'a> {
    /// The shop.
    pub shop: &'a dyn Shop,
    /// Its provider.
    pub provider: Provider,
    /// Its server.
    pub server: crate::process::Running,
    /// Where its database is.
    pub folder: &'a Path,
}

impl<'a> Stand<'a> {
    /// Sets it up in an empty folder.
    ///
    /// # Errors
    /// Something does not start.
    pub fn set_up(shop: &'a dyn Shop, veza: &Path, folder: &'a Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        shop.fill(folder)?;
        let address = veza_bench::server::free_port()?;
        let provider = Provider::start(veza, folder, address, shop.webhook_path())?;
        let server = Self::serve(shop, folder, address, &provider)?;
        Ok(Self { shop, provider, server, folder })
    }

    /// Starts the server on the same database and address again.
    ///
    /// # Errors
    /// It does not start.
    pub fn serve(shop: &dyn Shop, folder: &Path, address: SocketAddr, provider: &Provider) -> Outcome<crate::process::Running> {
        let command = shop.command(folder, address, &provider.url());
        crate::process::Running::start(command, address, shop.ready_path(), &folder.join("shop.log"))
    }
}
