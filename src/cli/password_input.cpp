#include "cli/password_input.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/password.h"
#include "sys/signals.h"

namespace peregrine::cli {
namespace {

// Holds the terminal without echo.
class SilentTerminal {
 public:
  explicit SilentTerminal(int terminal) : terminal_(terminal) {
    is_silent_ = ::tcgetattr(terminal_, &before_) == 0;
    if (!is_silent_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    is_silent_ = ::tcsetattr(terminal_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (is_silent_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  [[nodiscard]] bool is_silent() const { return is_silent_; }

 private:
  int terminal_;
  termios before_{};
  bool is_silent_ = false;
};

// Reads up to a line end or the end of input. `signals` may be empty.
Outcome<Secret> read_line(int input, const sys::Fd& signals) {
  std::array<char, crypto::k_longest_password + 2> buffer{};
  std::size_t used = 0;
  bool is_whole = false;
  while (!is_whole && used < buffer.size()) {
    std::array waiting = {pollfd{input, POLLIN, 0}, pollfd{signals.get(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    if (waiting[1].revents != 0) break;
    if (waiting[0].revents == 0) continue;
    // A byte at a time: what follows the line is not ours.
    ssize_t got = ::read(input, &buffer[used], 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || buffer[used] == '\n') {
      is_whole = got == 0 || (got == 1 && buffer[used] == '\n');
      break;
    }
    ++used;
  }
  if (is_whole && used > 0 && buffer[used - 1] == '\r') --used;
  Secret secret{BytesView(buffer.data(), used)};
  explicit_bzero(buffer.data(), buffer.size());
  if (is_whole) return secret;
  if (used >= crypto::k_longest_password) {
    return problem(fmt::format("the password is longer than {} bytes", crypto::k_longest_password));
  }
  return problem("no password was given");
}

void show(int terminal, std::string_view text) {
  static_cast<void>(::write(terminal, text.data(), text.size()));
}

Outcome<Secret> ask(int terminal, const sys::Fd& signals, std::string_view prompt) {
  show(terminal, prompt);
  Outcome<Secret> typed = read_line(terminal, signals);
  show(terminal, "\n");
  return typed;
}

}  // namespace

Outcome<Secret> ask_password(const std::string& address) {
  sys::Fd terminal(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) {
    return problem("there is no terminal to ask for the password; use --password-stdin");
  }
  auto signals = sys::create_signal_fd({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP});
  if (!signals) return problem("cannot receive signals; use --password-stdin");
  Outcome<Secret> password;
  {
    SilentTerminal silent(terminal.get());
    if (!silent.is_silent()) {
      return problem(
          "the terminal cannot be kept from showing the password; "
          "use --password-stdin");
    }
    TRY(password,
        ask(terminal.get(), *signals, fmt::format("New password for {}: ", log_escape(address))));
    TRY(Secret again, ask(terminal.get(), *signals, "The same again: "));
    if (!equal_in_constant_time(password->reveal(), again.reveal())) {
      return problem("the two passwords differ; nothing was changed");
    }
  }
  sys::restore_default_signals();
  sys::ignore_broken_pipes();
  return password;
}

Outcome<Secret> read_password_line() {
  return read_line(STDIN_FILENO, sys::Fd());
}

}  // namespace peregrine::cli
