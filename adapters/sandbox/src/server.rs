//! Starting and stopping: the listener, the routes and the task that follows the clock.

use std::{net::SocketAddr, ops::Deref, sync::Arc, time::Duration};

use poem::{EndpointExt, Route, Server};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    config::{SandboxConfig, SandboxError},
    control::{self, Control},
    core::Core,
    distributor, hyperswitch, pages, stripe, webhooks,
    wire::{Connections, CuttingAcceptor},
};

/// Open connections have this long to finish when the sandbox stops.
const GRACE: Duration = Duration::from_secs(1);
/// The clock's task looks up at least this often.
const NAP_MAX: Duration = Duration::from_secs(3_600);

/// A running sandbox. Dereferences to [`Control`]. Dropping it stops it abruptly.
pub struct Sandbox {
    addr: SocketAddr,
    control: Control,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    clock: JoinHandle<()>,
}

impl Sandbox {
    /// Binds, opens the data file and serves.
    /// # Errors
    /// [`SandboxError`]: the address or the data file cannot be used.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let connections = Connections::default();
        let acceptor = CuttingAcceptor::bind(config.bind_addr, connections.clone())
            .await
            .map_err(|error| SandboxError::Bind(config.bind_addr, error))?;
        let addr = acceptor.socket_addr();
        let core = Arc::new(Core::new(config, connections, webhooks::Sender::new()?)?);
        let (stop, stopped) = watch::channel(false);
        let app = routes().data(Arc::clone(&core));
        let mut server_stopped = stopped.clone();
        let server = tokio::spawn(async move {
            let signal = async move {
                let _ = server_stopped.wait_for(|stop| *stop).await; // an error: the sandbox was dropped, stop as well
            };
            if let Err(error) = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(app, signal, Some(GRACE)).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the sandbox's server ended");
            }
        });
        let clock = tokio::spawn(follow_clock(Arc::clone(&core), stopped));
        tracing::info!(%addr, "sandbox is up");
        Ok(Self { addr, control: Control { core }, stop, server, clock })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://host:port`; both APIs and the control live under it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where webhooks go from now on. A data file that cannot be written is logged.
    pub fn set_webhook_url(&self, url: Option<String>) {
        if let Err(error) = self.control.set_webhook_url(url) {
            tracing::error!(error = &error as &dyn std::error::Error, "webhook URL is not on disk");
        }
    }

    /// The control functions, to keep.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Lets running calls finish, then stops.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // Both tasks only end by themselves or by a panic that tokio has reported.
        let (_, _) = tokio::join!(self.server, self.clock);
    }
}

impl Deref for Sandbox {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

pub(crate) fn routes() -> impl poem::Endpoint + 'static {
    pages::add_to(Route::new())
        .nest("/control", control::http::routes().around(control::http::loopback_only))
        .nest("/distributor", distributor::routes::routes().around(distributor::routes::finish))
        .nest("/v1", stripe::routes::routes().around(stripe::routes::finish))
        .nest_no_strip("/", hyperswitch::routes::routes().around(hyperswitch::routes::finish))
}

/// Fires what becomes due as real time passes.
async fn follow_clock(core: Arc<Core>, mut stopped: watch::Receiver<bool>) {
    loop {
        webhooks::dispatch(&core);
        let nap = core.read(|state| {
            state.next_due().map_or(NAP_MAX, |due| {
                let wait = u64::try_from(due.saturating_sub(state.now)).unwrap_or(0);
                Duration::from_micros(wait).min(NAP_MAX)
            })
        });
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            () = core.wake.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
