#pragma once
// Model: all that is stored, opened: the store, and the directory, accounts, greylist, queue and
// what is remembered of other servers on it. What core works on, and what a command works on while
// no server runs.

#include <expected>
#include <memory>
#include <string>

#include "config/settings.h"
#include "directory/directory.h"
#include "greylist/greylist.h"
#include "mail/accounts.h"
#include "queue/queue.h"
#include "remote/policies.h"
#include "remote/results.h"
#include "store/store.h"

namespace peregrine::core {

struct Model {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<directory::Directory> directory;
  std::unique_ptr<mail::Accounts> accounts;
  std::unique_ptr<greylist::Greylist> greylist;
  std::unique_ptr<remote::StsPolicies> sts_policies;
  std::unique_ptr<remote::TlsResults> tls_results;
  std::unique_ptr<queue::Queue> queue;

  /// Puts into effect what of the settings can change while it is open.
  void apply(const config::Settings& settings);
};

/// Opens what lies in the settings' data directory. The error is one line for the operator.
std::expected<Model, std::string> open_model(const config::Settings& settings,
                                             store::Create create = store::Create::no);
/// The same on a store that is open already.
std::expected<Model, std::string> make_model(const config::Settings& settings,
                                             std::unique_ptr<store::Store> store);

}  // namespace peregrine::core
