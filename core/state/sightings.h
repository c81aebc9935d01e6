/*
 * sightings.h - rejected attempts, remembered so that the same attempt from other clients is recognised: an
 * attempt that comes from several clients at once came through open relays. A file in the state directory,
 * shared by all processes of the machine.
 *
 * Attempts are the same if they have the same key: sender and first recipient offered, or the Subject. The key
 * is kept only as a hash with the file's random key, so that nobody can read from the file who wrote to whom.
 * An entry holds the last eight clients (prefixes, as on the blocklist) and when each was seen.
 *
 * Any number of threads may call sightings_note() at once. It locks the directory for microseconds, waits for
 * the lock 20 ms at most, and is given up after that. The caller decides which attempts count as sightings.
 */
#ifndef GATEPOST_SIGHTINGS_H
#define GATEPOST_SIGHTINGS_H

#include "core/mail/ip.h"

struct sightings;

enum { SIGHTINGS_READ_ONLY = 1 };
enum { SIGHTING_CLIENTS = 8 };

/* Room for this many keys within a window: 6.5 MB of disk. */
enum { SIGHTINGS_ENTRIES = 16384 };

/* Opens DIR/sightings; makes it for ENTRIES keys if there is none. Flags, returns and REASON are those of
 * blocklist_open(). */
int sightings_open(const char *dir, uint32_t entries, unsigned prefix4, unsigned prefix6, unsigned flags,
                   struct sightings **out, char *reason, size_t cap);
void sightings_close(struct sightings **s);

/* Whether the file has been replaced and must be opened again; asks the file system. */
bool sightings_replaced(const struct sightings *s);

enum sighting_key { SIGHTING_ENVELOPE, SIGHTING_SUBJECT };

struct sighting_request {
    enum sighting_key key;
    struct text sender; /* or the Subject; letter case makes no difference in an envelope */
    struct text recipient;
    const struct ip *client;
    int64_t now;
    uint32_t window;  /* seconds: "1h" */
    uint32_t clients; /* how many different clients make a pattern: "3 clients"; 8 at most */
    uint32_t *wait;   /* as in struct block_request */
};

struct sighting {
    unsigned count;                      /* different clients within the window, 8 at most */
    struct ip clients[SIGHTING_CLIENTS]; /* their prefixes, the one seen last at the end */
};

/*
 * Notes that this client made this attempt. Returns 1 if `clients` or more different clients have now made it
 * within the window: then all of *OUT are relays, and again at each further call; 0 if not; -1 and REASON:
 * given up, nothing was noted.
 */
int sightings_note(struct sightings *s, const struct sighting_request *request, struct sighting *out,
                   char *reason, size_t cap);

#endif
