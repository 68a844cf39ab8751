/* listen.h: listening sockets. Private to server/http. */
#ifndef FUNNELD_HTTP_LISTEN_H
#define FUNNELD_HTTP_LISTEN_H

#include <funneld/base.h>
#include <sys/socket.h>

enum { LISTEN_TEXT_SIZE = 80 };

/* "host:port" or "[::1]:port"; port 0 takes any free one. ERR_CONFIG: malformed, or taken.
 * *ret_fd does not block. */
enum err listen_tcp(struct ctx *ctx, const char *address, int *ret_fd) _must_check_;
/* The socket that the service manager has opened for us; -1: it has not. Its address is not looked
 * at. ERR_CONFIG: it passed more than one, or something else. */
enum err listen_inherited(struct ctx *ctx, int *ret_fd) _must_check_;
/* A unix socket of mode 0600; one that an earlier process left behind is replaced. */
enum err listen_unix(struct ctx *ctx, const char *path, int *ret_fd) _must_check_;
/* The address that a socket is bound to, as listen_tcp() reads it. */
void listen_address(int fd, char text[static LISTEN_TEXT_SIZE]);
/* The host of an address; all zeroes for a unix socket. */
struct address socket_host(const struct sockaddr *address);
/* Whether the process at the other end of a unix socket has our user or is root. */
bool peer_is_ours(int fd);

#endif
