#pragma once
// The commands, one function each in a file of its own or of its kind. execute() does the command,
// writes its untagged responses to session.out() and answers how it ended.

#include "imapd/answer.h"
#include "net/task.h"
#include "proto/imap/command.h"

namespace peregrine::imapd {

class Session;

// simple_commands.cpp
net::Task<Answer> execute(Session& session, imap::Capability command);
net::Task<Answer> execute(Session& session, imap::Noop command);
net::Task<Answer> execute(Session& session, imap::Logout command);
net::Task<Answer> execute(Session& session, imap::Id command);
net::Task<Answer> execute(Session& session, imap::StartTls command);
net::Task<Answer> execute(Session& session, imap::Login command);
net::Task<Answer> execute(Session& session, imap::Authenticate command);
net::Task<Answer> execute(Session& session, imap::Enable command);
net::Task<Answer> execute(Session& session, imap::Namespace command);
net::Task<Answer> execute(Session& session, imap::Check command);

// mailbox_commands.cpp
net::Task<Answer> execute(Session& session, imap::Create command);
net::Task<Answer> execute(Session& session, imap::Delete command);
net::Task<Answer> execute(Session& session, imap::Rename command);
net::Task<Answer> execute(Session& session, imap::Subscribe command);
net::Task<Answer> execute(Session& session, imap::Unsubscribe command);

// select.cpp
net::Task<Answer> execute(Session& session, imap::Select command);
net::Task<Answer> execute(Session& session, imap::Examine command);
net::Task<Answer> execute(Session& session, imap::Close command);
net::Task<Answer> execute(Session& session, imap::Unselect command);

net::Task<Answer> execute(Session& session, imap::List command);
net::Task<Answer> execute(Session& session, imap::Lsub command);
net::Task<Answer> execute(Session& session, imap::Status command);
net::Task<Answer> execute(Session& session, imap::Idle command);
net::Task<Answer> execute(Session& session, imap::Expunge command);
net::Task<Answer> execute(Session& session, imap::UidExpunge command);
net::Task<Answer> execute(Session& session, imap::Search command);
net::Task<Answer> execute(Session& session, imap::Fetch command);
net::Task<Answer> execute(Session& session, imap::Store command);
net::Task<Answer> execute(Session& session, imap::Copy command);
net::Task<Answer> execute(Session& session, imap::Move command);
/// APPEND comes as an event of the framer; see take_append().
net::Task<Answer> execute(Session& session, imap::Append command);

/// APPEND, whose message is streamed: `text` is the command up to the message. Writes the tagged
/// answer itself.
net::Task<void> take_append(Session& session, BytesView text);

}  // namespace peregrine::imapd
