//! How fast a shop is, and what it weighs. The same client, the same connections, the same seconds for each.
//!
//! Invariant: what was bought is compared with the provider's books and the shop's; a run in which they disagree says so.

use crate::books;
use crate::process::Running;
use crate::provider::pay;
use crate::session::Session;
use crate::shop::{BUYERS, Page, Placed, Shop, Stand};
use futures_util::future::{join_all, try_join_all};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};
use veza_bench::client::{self, Answer, Stop, Workload};
use veza_bench::failure::{Failure, Outcome, fail};
use veza_bench::process::Memory;
use veza_bench::progress;
use veza_bench::stats::Latencies;

/// Clients at the same time.
pub const CLIENTS: usize = 8;
/// What a load does before it is measured: Node.js compiles what is hot.
const WARM_UP: Duration = Duration::from_secs(4);
/// After this time a server that was left alone is idle.
const SETTLE: Duration = Duration::from_secs(2);
/// First pause between two looks at an order; each is half as long again, so that looking costs a slow shop no more than a fast one.
const LOOK_FIRST: Duration = Duration::from_millis(2);
/// How long an order may take to be paid.
const PATIENCE: Duration = Duration::from_secs(30);
/// Starts of which the median counts.
const STARTS: usize = 3;

/// What one run measured.
#[derive(Clone, Debug, Default)]
pub struct Speed {
    /// From the start of the process until it says that it is ready, on the filled database, in milliseconds.
    pub ready_ms: f64,
    /// Idle memory after the start.
    pub idle: Memory,
    /// Product lists a second.
    pub lists: f64,
    /// Searches a second, where there is a search.
    pub searches: Option<f64>,
    /// Checkouts to paid, a second.
    pub checkouts: f64,
    /// Median of one, in milliseconds.
    pub checkout_p50_ms: f64,
    /// 99 of 100 within, in milliseconds.
    pub checkout_p99_ms: f64,
    /// Processor time of the shop's server, each, in milliseconds.
    pub checkout_cpu_ms: f64,
    /// Checkouts that failed.
    pub failed: usize,
    /// The first of them, in words.
    pub failure: Option<String>,
    /// Purchases a second without a provider, where the shop has such a thing.
    pub alone: Option<f64>,
    /// Idle memory after the loads.
    pub loaded: Memory,
}

struct Again(Page);

impl Workload for Again {
    fn write(&self, _number: usize, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            buffer.extend_from_slice(&self.0.request);
        }
    }

    fn accepts(&self, _number: usize, answer: Answer<'_>) -> bool {
        answer.status == 200 && answer.body.starts_with(self.0.begins.as_bytes()) && answer.body.len() >= self.0.bytes_min
    }
}

/// Measures one shop once, in an empty folder.
///
/// # Errors
/// Something does not work, or the books disagree.
pub fn measure(shop: &dyn Shop, veza: &Path, folder: &Path, seconds: u64) -> Outcome<Speed> {
    let mut speed = Speed::default();
    let stand = Stand::set_up(shop, veza, folder)?;
    std::thread::sleep(SETTLE);
    speed.idle = stand.server.memory()?;
    progress!("  {}: lists", shop.name());
    speed.lists = pages(&stand, shop.list(), seconds)?;
    if let Some(page) = shop.search() {
        progress!("  {}: searches", shop.name());
        speed.searches = Some(pages(&stand, page, seconds)?);
    }
    progress!("  {}: checkouts", shop.name());
    client::run(checkouts(&stand, seconds, &mut speed))?;
    std::thread::sleep(SETTLE);
    speed.loaded = stand.server.memory()?;
    speed.alone = client::run(alone(&stand, seconds))?;
    let Stand { server, provider, .. } = stand;
    let address = server.address;
    let mut starts = vec![server.started_in];
    stop(server)?;
    for _ in 1..STARTS {
        let server = Stand::serve(shop, folder, address, &provider)?;
        starts.push(server.started_in);
        // It begins what it does by itself before it is stopped.
        std::thread::sleep(Duration::from_millis(500));
        stop(server)?;
    }
    speed.ready_ms = veza_bench::stats::median(starts).as_secs_f64() * 1000.0;
    Ok(speed)
}

fn stop(server: Running) -> Outcome<()> {
    server.stop()
}

fn pages(stand: &Stand<'_>, page: Page, seconds: u64) -> Outcome<f64> {
    let again = Again(page);
    let load = |after| {
        let stop = Stop { before: usize::MAX, after };
        client::run(client::closed(&[stand.server.address], CLIENTS as u16, 0, stop, &again))
    };
    load(WARM_UP)?;
    Ok(load(Duration::from_secs(seconds))?.rate())
}

/// The buyers, and what they have done so far.
struct Crowd<'a> {
    stand: &'a Stand<'a>,
    /// Number of the next buyer who signs in.
    next: Cell<usize>,
    bought: Cell<usize>,
    failures: RefCell<Vec<String>>,
}

struct Buyer {
    shop: Session,
    browser: Session,
}

impl Crowd<'_> {
    async fn sign_in(&self) -> Outcome<Buyer> {
        let number = self.next.replace(self.next.get() + 1);
        let shop = self.stand.shop.log_in(self.stand.server.address, number % BUYERS).await?;
        Ok(Buyer { shop, browser: Session::new(self.stand.provider.address()) })
    }

    /// A product that was not bought before, until all were.
    fn product(&self) -> usize {
        self.bought.replace(self.bought.get() + 1)
    }

    async fn check_out(&self, buyer: &mut Buyer) -> Outcome<()> {
        let number = self.product();
        let placed = self.stand.shop.place(&mut buyer.shop, number, &format!("checkout-{number}"), false).await?;
        pay(&mut buyer.browser, &placed).await?;
        until_paid(self.stand.shop, &mut buyer.shop, &placed).await
    }

    /// Everybody buys until the time is over; who fails comes back as somebody else.
    async fn buy(&self, buyers: &mut [Buyer], after: Duration) -> Outcome<(Latencies, Duration)> {
        let started = Instant::now();
        let loads = buyers.iter_mut().map(|buyer| async move {
            let mut latencies = Latencies::default();
            while started.elapsed() < after {
                let began = Instant::now();
                match self.check_out(buyer).await {
                    Ok(()) => latencies.record(began.elapsed()),
                    Err(error) => {
                        self.failures.borrow_mut().push(error.to_string());
                        *buyer = self.sign_in().await?;
                    }
                }
            }
            Ok::<_, Failure>(latencies)
        });
        let mut latencies = Latencies::default();
        try_join_all(loads).await?.into_iter().for_each(|part| latencies.absorb(part));
        Ok((latencies, started.elapsed()))
    }
}

/// Reads the order until the shop says that it is paid.
///
/// # Errors
/// It never does.
pub async fn until_paid(shop: &dyn Shop, buyer: &mut Session, placed: &Placed) -> Outcome<()> {
    let (since, mut pause) = (Instant::now(), LOOK_FIRST);
    while !shop.is_paid(buyer, placed).await? {
        if since.elapsed() > PATIENCE {
            return fail(format!("order {} was paid, and the shop does not know after {PATIENCE:?}", placed.order));
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.5);
    }
    Ok(())
}

async fn checkouts(stand: &Stand<'_>, seconds: u64, speed: &mut Speed) -> Outcome<()> {
    let crowd = Crowd { stand, next: Cell::new(0), bought: Cell::new(0), failures: RefCell::default() };
    let mut buyers = try_join_all((0..CLIENTS).map(|_| crowd.sign_in())).await?;
    let (warm, _) = crowd.buy(&mut buyers, WARM_UP).await?;
    let cpu = stand.server.cpu()?;
    let failed = crowd.failures.borrow().len();
    let (mut latencies, elapsed) = crowd.buy(&mut buyers, Duration::from_secs(seconds)).await?;
    let paid = latencies.count();
    speed.checkouts = paid as f64 / elapsed.as_secs_f64();
    speed.checkout_p50_ms = latencies.quantile(0.5).as_secs_f64() * 1000.0;
    speed.checkout_p99_ms = latencies.quantile(0.99).as_secs_f64() * 1000.0;
    speed.checkout_cpu_ms = (stand.server.cpu()?.saturating_sub(cpu)).as_secs_f64() * 1000.0 / paid.max(1) as f64;
    let failures = crowd.failures.into_inner();
    speed.failed = failures.len() - failed;
    speed.failure = failures.first().cloned();
    // Both books hold what was bought, warm-up included; what failed may have been paid all the same.
    let differences = books::compare(stand, |_| 0).await?;
    let sound = differences.sound();
    progress!("  {}: {} checkouts and {} failures; books: {differences}", stand.shop.name(), warm.count() + paid, failures.len());
    if failures.is_empty() && (!sound || differences.orders_paid != warm.count() + paid) {
        return fail(format!("{} sold {} and the books disagree: {differences}", stand.shop.name(), warm.count() + paid));
    }
    Ok(())
}

async fn alone(stand: &Stand<'_>, seconds: u64) -> Outcome<Option<f64>> {
    let shop = stand.shop;
    // Other buyers than before, whose orders are closed.
    let mut buyers = try_join_all((BUYERS - CLIENTS..BUYERS).map(|number| shop.log_in(stand.server.address, number))).await?;
    if !shop.buy_without_provider(&mut buyers[0], 0).await? {
        return Ok(None);
    }
    progress!("  {}: purchases without a provider", shop.name());
    let mut rate = 0.0;
    for after in [WARM_UP, Duration::from_secs(seconds)] {
        let started = Instant::now();
        let counts = join_all(buyers.iter_mut().enumerate().map(|(number, buyer)| async move {
            let mut count = 0;
            // Somebody whose purchase failed stops; the others have the shop for themselves.
            while started.elapsed() < after && matches!(shop.buy_without_provider(buyer, number + count).await, Ok(true)) {
                count += 1;
            }
            count
        }));
        rate = counts.await.into_iter().sum::<usize>() as f64 / started.elapsed().as_secs_f64();
    }
    Ok(Some(rate))
}
