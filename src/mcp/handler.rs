//! Requests of the protocol. Whatever is wrong with a call is told to the model as the tool's answer, so that it can do
//! better; the protocol's own errors are for what no model can mend.

use std::sync::Arc;

use axum::http::request::Parts;
use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, DiscoverResult, Extensions, Implementation,
    InitializeRequestParams, InitializeResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};

use super::arguments::Arguments;
use super::asking::Asking;
use super::instructions::instructions;
use super::resources;
use super::told::failed;
use super::tools::{ALL, Tool};
use crate::config::problem::known_names;
use crate::config::serve::Scope;
use crate::serve::Server;
use crate::serve::access::Caller;
use crate::serve::problem::Problem;
use crate::serve::route::{Waiting, work};

/// The name by which this server is known.
pub const NAME: &str = "asof";

/// Answers requests of the protocol.
#[derive(Clone)]
pub struct Handler {
    server: Arc<Server>,
    /// Who asks, if that does not come with each request.
    owner: Option<Caller>,
}

impl Handler {
    /// For whoever started this process.
    pub fn of_owner(server: Arc<Server>, owner: Caller) -> Self {
        Self { server, owner: Some(owner) }
    }

    /// For those who are admitted, each request by itself.
    pub fn of_callers(server: Arc<Server>) -> Self {
        Self { server, owner: None }
    }

    /// Who asks. Somebody who is not known may nothing.
    fn caller(&self, extensions: &Extensions) -> Option<Caller> {
        let sent = || extensions.get::<Parts>()?.extensions.get::<Caller>().cloned();
        self.owner.clone().or_else(sent)
    }

    /// The tenants of which one has to be named by this caller; none where it is clear.
    fn tenants(&self, caller: &Caller) -> Vec<&str> {
        if caller.tenant().is_some() {
            return Vec::new();
        }
        self.server.held.keys().flatten().map(String::as_str).collect()
    }

    /// What this caller is told before it asks anything.
    fn instructions(&self, context: &RequestContext<RoleServer>) -> Result<String, ErrorData> {
        let caller = self.caller(&context.extensions).ok_or_else(|| error(&nobody()))?;
        Ok(instructions(caller.may_capture(), &self.tenants(&caller)))
    }

    fn tools(caller: &Caller) -> impl Iterator<Item = &'static Tool> {
        let may = caller.may_capture();
        ALL.iter().copied().filter(move |tool| !tool.writes || may)
    }

    /// Runs something that waits for disks and databases, for as long as somebody waits for it.
    async fn run<T: Send + 'static>(
        &self,
        asks_source: bool,
        context: &RequestContext<RoleServer>,
        waiting: Waiting,
        job: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let done = tokio::select! {
            done = work(&self.server, asks_source, job) => done,
            () = context.ct.cancelled() => {
                Err(Problem::bad("nobody waits for this any more"))
            }
        };
        drop(waiting);
        done?.map_err(|problem| self.without_folders(problem))
    }

    fn without_folders(&self, mut problem: Problem) -> Problem {
        problem.detail = self.server.without_folders(&problem.detail);
        problem.hint = problem.hint.map(|hint| self.server.without_folders(&hint));
        problem
    }

    async fn called(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, Problem> {
        let caller = self.caller(&context.extensions).ok_or_else(nobody)?;
        let tool = tool(&request.name, &caller)?;
        let takes = tool.takes(!self.tenants(&caller).is_empty());
        let arguments = Arguments::new(&takes, request.arguments.unwrap_or_default())?;
        let budget = arguments.budget();
        let (waiting, stop) = Waiting::new();
        let asking = Asking { server: Arc::clone(&self.server), caller, arguments, stop };
        let asks = (tool.asks_source)(&asking);
        self.run(asks, context, waiting, move || (tool.answer)(&asking)?.within(budget)).await
    }
}

/// The tool of a name, if this one may have it.
fn tool(name: &str, caller: &Caller) -> Result<&'static Tool, Problem> {
    if let Some(tool) = Handler::tools(caller).find(|tool| tool.name == name) {
        return Ok(tool);
    }
    if let Some(tool) = ALL.iter().find(|tool| tool.name == name) {
        let detail = format!("{} keeps something, and that is not allowed here", tool.name);
        let hint = "start asof mcp with --allow-capture, or use a token with the scope capture";
        return Err(Problem::forbidden(detail).hint(hint));
    }
    let name: String = name.chars().take(60).collect();
    let known = Handler::tools(caller).map(|tool| tool.name);
    Err(Problem::bad(format!("there is no tool {name:?}")).hint(known_names("tools", &name, known)))
}

fn nobody() -> Problem {
    Problem::mistake("nobody in particular asks")
}

/// What went wrong, where the protocol has no answer to put it into.
fn error(problem: &Problem) -> ErrorData {
    let message = problem
        .hint
        .as_ref()
        .map_or_else(|| problem.detail.clone(), |hint| format!("{} (hint: {hint})", problem.detail));
    match problem.status.as_u16() {
        404 | 410 => ErrorData::resource_not_found(message, None),
        400..500 => ErrorData::invalid_params(message, None),
        _ => ErrorData::internal_error(message, None),
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_resources().build())
            .with_server_info(Implementation::new(NAME, env!("CARGO_PKG_VERSION")))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let info = self.negotiate_initialize(&request)?;
        context.peer.set_peer_info(request);
        Ok(info.with_instructions(self.instructions(&context)?))
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let info = self.get_info().with_instructions(self.instructions(&context)?);
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), info))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let caller = self.caller(&context.extensions).ok_or_else(|| error(&nobody()))?;
        let tenants = !self.tenants(&caller).is_empty();
        Ok(ListToolsResult::with_all_items(Self::tools(&caller).map(|tool| tool.listed(tenants)).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let answer = self.called(request, &context).await;
        Ok(answer.unwrap_or_else(|problem| failed(&problem)).into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let caller = self.caller(&context.extensions).ok_or_else(|| error(&nobody()))?;
        let (server, cursor) = (Arc::clone(&self.server), request.and_then(|request| request.cursor));
        let (waiting, stop) = Waiting::new();
        let list = move || resources::list(&server, caller, cursor.as_deref(), stop);
        let listed = self.run(false, &context, waiting, list).await;
        listed.map_err(|problem| error(&problem))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let caller = self.caller(&context.extensions).ok_or_else(|| error(&nobody()))?;
        let tenants = !self.tenants(&caller).is_empty();
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates(tenants)))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let caller = self.caller(&context.extensions).ok_or_else(|| error(&nobody()))?;
        let server = Arc::clone(&self.server);
        let (waiting, stop) = Waiting::new();
        let read = move || resources::read(&server, caller, &request.uri, stop);
        let read = self.run(false, &context, waiting, read).await;
        read.map(Into::into).map_err(|problem| error(&problem))
    }
}

/// What somebody may do who starts `asof mcp`.
pub fn scope(allow_capture: bool) -> Scope {
    if allow_capture { Scope::Capture } else { Scope::Read }
}
