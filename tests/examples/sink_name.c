/* sink_name.c - finds the address of the client as text, and its host name if that is verified. */
#define _GNU_SOURCE
#include "sink.h"

#include <stdlib.h>
#include <string.h>

void end_describe(struct end *e)
{
    char port[NI_MAXSERV] = "0";
    if (getnameinfo((struct sockaddr *)&e->address, e->size, e->text, sizeof e->text, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        e->text[0] = '\0';
    e->text[strcspn(e->text, "%")] = '\0'; /* fe80::1%eth0 */
    e->port = (uint32_t)strtoul(port, NULL, 10);
}

uint32_t end_name(const struct end *client, char *name, size_t cap)
{
    struct addrinfo hints = {.ai_family = client->address.ss_family, .ai_socktype = SOCK_STREAM}, *list = NULL;
    uint32_t state = GP_NAME_FORGED;
    int failure = getnameinfo((const struct sockaddr *)&client->address, client->size, name, (socklen_t)cap,
                              NULL, 0, NI_NAMEREQD);
    if (failure != 0)
        return failure == EAI_NONAME ? GP_NAME_NONE : GP_NAME_UNKNOWN;
    failure = getaddrinfo(name, NULL, &hints, &list);
    if (failure != 0)
        return failure == EAI_NONAME || failure == EAI_NODATA ? GP_NAME_FORGED : GP_NAME_UNKNOWN;
    for (const struct addrinfo *at = list; at; at = at->ai_next) {
        char address[NI_MAXHOST];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) == 0 &&
            strcmp(address, client->text) == 0)
            state = GP_NAME_VERIFIED;
    }
    freeaddrinfo(list);
    return state;
}
