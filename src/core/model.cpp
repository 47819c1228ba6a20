#include "core/model.h"

#include <utility>

#include "base/result.h"
#include "core/queue_wire.h"

namespace peregrine::core {
namespace {

directory::Options directory_options(const config::Settings& settings) {
  const std::string& separator = settings.smtp.subaddress_separator;
  return {.separator = separator.empty() ? '\0' : separator.front(),
          .catch_all = settings.smtp.allow_catch_all};
}

mail::Limits mail_limits(const config::Settings& settings) {
  mail::Limits limits;
  limits.names.bytes = settings.limits.mailbox_name;
  limits.names.depth = settings.limits.mailbox_depth;
  return limits;
}

}  // namespace

void Model::apply(const config::Settings& settings) {
  directory->set_options(directory_options(settings));
  accounts->set_limits(mail_limits(settings));
  queue->set_options(queue_options(settings));
}

std::expected<Model, std::string> make_model(const config::Settings& settings,
                                             std::unique_ptr<store::Store> store) {
  Model model;
  model.store = std::move(store);
  auto directory = directory::Directory::open(*model.store, directory_options(settings));
  if (!directory) {
    if (directory.error() == directory::DirectoryError::newer_format) {
      return std::unexpected(
          "the directory was written by a later version of peregrine: run that version");
    }
    return std::unexpected(
        "the directory of accounts cannot be read; the log says which record: restore the data "
        "directory from a backup");
  }
  model.directory = std::move(*directory);
  model.accounts =
      std::make_unique<mail::Accounts>(*model.store, *model.directory, mail_limits(settings));
  auto greylist = greylist::Greylist::open(*model.store);
  if (!greylist) {
    return std::unexpected("the greylist cannot be read: restore the data directory from a backup");
  }
  model.greylist = std::move(*greylist);
  auto policies = remote::StsPolicies::open(*model.store);
  auto results = remote::TlsResults::open(*model.store);
  if (!policies || !results) {
    return std::unexpected(
        "what is known of other servers cannot be read: restore the data directory from a backup");
  }
  model.sts_policies = std::move(*policies);
  model.tls_results = std::move(*results);
  model.queue = std::make_unique<queue::Queue>(*model.store, queue_options(settings));
  return model;
}

std::expected<Model, std::string> open_model(const config::Settings& settings,
                                             store::Create create) {
  auto store = store::open_rocksdb({.directory = settings.server.data_directory + "/store",
                                    .create = create,
                                    .cache_bytes = settings.store.cache_size,
                                    .low_water_bytes = settings.store.low_water_mark,
                                    .inline_blob_bytes = settings.store.inline_blob_size});
  if (!store) return std::unexpected(store.error().detail);
  return make_model(settings, std::move(*store));
}

}  // namespace peregrine::core
