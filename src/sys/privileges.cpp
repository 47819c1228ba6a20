#include "sys/privileges.h"

#include <array>
#include <cerrno>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/result.h"

namespace peregrine::sys {

const CapabilitySet k_supervisor_capabilities{1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
                                              1ULL << CAP_SETPCAP | 1ULL << CAP_KILL};

namespace {

using Result = std::expected<void, SandboxError>;
using CapabilityData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

std::unexpected<SandboxError> failed(SandboxStep step, int number = errno) {
  return std::unexpected(SandboxError{step, number});
}

__user_cap_header_struct capability_header() {
  return {_LINUX_CAPABILITY_VERSION_3, 0};
}

std::expected<CapabilityData, SandboxError> read_capabilities() {
  auto header = capability_header();
  CapabilityData data{};
  if (::syscall(SYS_capget, &header, data.data()) < 0)
    return failed(SandboxStep::drop_capabilities);
  return data;
}

bool has_setpcap(const CapabilityData& data) {
  return (data[0].effective & 1U << CAP_SETPCAP) != 0;
}

Result drop_bounding_set(CapabilitySet kept) {
  for (int number = 0; number < 64; ++number) {
    if ((kept.bits >> number & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // past the last one that this kernel knows
    return failed(SandboxStep::bounding_set);
  }
  return {};
}

Result lock_secure_bits() {
  constexpr unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) return failed(SandboxStep::secure_bits);
  return {};
}

Result become(const UserIds& ids) {
  if (::geteuid() == 0) {
    if (::setgroups(0, nullptr) < 0) return failed(SandboxStep::change_user);
  }
  if (::setresgid(ids.group, ids.group, ids.group) < 0 ||
      ::setresuid(ids.user, ids.user, ids.user) < 0) {
    return failed(SandboxStep::change_user);
  }
  std::array<uid_t, 3> users{};
  std::array<gid_t, 3> groups{};
  bool same = ::getresuid(&users[0], &users[1], &users[2]) == 0 &&
              ::getresgid(&groups[0], &groups[1], &groups[2]) == 0;
  for (uid_t id : users) same = same && id == ids.user;
  for (gid_t id : groups) same = same && id == ids.group;
  if (!same) return failed(SandboxStep::change_user, EPERM);
  return {};
}

Result limit_sets(CapabilitySet kept, const CapabilityData& before) {
  CapabilityData data{};
  for (std::size_t half = 0; half < data.size(); ++half) {
    auto mask = static_cast<std::uint32_t>(kept.bits >> (32 * half));
    data[half].permitted = before[half].permitted & mask;
    data[half].effective = data[half].permitted;
  }
  auto header = capability_header();
  if (::syscall(SYS_capset, &header, data.data()) < 0)
    return failed(SandboxStep::drop_capabilities);
  TRY(CapabilitySet left, current_capabilities());
  if ((left.bits & ~kept.bits) != 0) return failed(SandboxStep::drop_capabilities, EPERM);
  return {};
}

}  // namespace

std::expected<CapabilitySet, SandboxError> current_capabilities() {
  TRY(CapabilityData data, read_capabilities());
  CapabilitySet out;
  for (std::size_t half = 0; half < data.size(); ++half) {
    std::uint64_t word = data[half].effective | data[half].permitted | data[half].inheritable;
    out.bits |= word << (32 * half);
  }
  return out;
}

Result drop_privileges(const std::optional<UserIds>& run_as, CapabilitySet kept) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) {
    return failed(SandboxStep::bounding_set);
  }
  TRY(CapabilityData before, read_capabilities());
  // While CAP_SETPCAP is still there: without it neither of the two can be changed, and an ordinary
  // user has nothing in them that no_new_privs does not take away as well.
  if (has_setpcap(before)) {
    TRY_VOID(drop_bounding_set(kept));
    if (kept == CapabilitySet{}) TRY_VOID(lock_secure_bits());
  }
  if (run_as) TRY_VOID(become(*run_as));
  // The secure bits keep a change of user from clearing the sets: clear them here, in every case.
  TRY(CapabilityData now, read_capabilities());
  return limit_sets(kept, now);
}

}  // namespace peregrine::sys
