/* A disk that can lose power, put before the C library of a test's process with LD_PRELOAD.
 *
 * What a process writes into the folder $TANHUI_DISK goes to the real files at once, so that it reads what it wrote. But
 * for each file this library remembers what the disk has for certain, which is what was there at the last fsync, and
 * every write since. Armed by power_cut_after(), it ends the process in the middle of one write, truncation, removal or
 * fsync, and leaves in the files what a disk may leave: of the writes since the last fsync any, in pieces of 512 bytes;
 * of names made or removed since their folder's last fsync, either. With $TANHUI_DISK_LIES set an fsync does nothing, as
 * on a disk whose cache lies: the tests must notice it.
 *
 * SQLite's shared memory (-shm) is left as it is: it means nothing after a restart, and SQLite has to know that.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SECTOR = 512, MOST_NAMES = 256 };
enum loss { ALL_LOST, PIECES_LOST, WRITES_LOST, LAST_TORN, KINDS_OF_LOSS };

struct write {
    off_t at;
    size_t size;
    char *bytes; /* none for a truncation, whose new length is `at` */
    struct write *next;
};

struct file {
    ino_t inode;
    char path[PATH_MAX];
    char *bytes; /* what the disk has for certain */
    size_t size;
    int named, removed; /* is its name on disk; was it removed since */
    struct write *first, **last;
    struct file *next;
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static ino_t names[MOST_NAMES];
static int name_count, armed, lies;
static long left;
static uint64_t dice;
static char folder[PATH_MAX];

static uint64_t roll(void) {
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return dice >> 11;
}

/* The names that the disk has: those the folder has now. */
static void names_on_disk(void) {
    DIR *open_folder = opendir(folder);
    name_count = 0;
    for (struct dirent *entry; open_folder && (entry = readdir(open_folder)) && name_count < MOST_NAMES;)
        names[name_count++] = entry->d_ino;
    if (open_folder) closedir(open_folder);
}

void power_cut_after(long operations, long seed) {
    const char *where = getenv("TANHUI_DISK");
    if (!where || !realpath(where, folder)) abort();
    lies = getenv("TANHUI_DISK_LIES") != NULL;
    dice = (uint64_t)seed * 0x9E3779B97F4A7C15u + 1;
    names_on_disk();
    left = operations, armed = 1;
}

/* The record of a file that is open, made when it is first changed; none for files that are not on this disk. */
static struct file *file_of(int handle) {
    struct stat found;
    if (!armed || fstat(handle, &found) || !S_ISREG(found.st_mode) || !found.st_nlink) return NULL;
    for (struct file *file = files; file; file = file->next)
        if (file->inode == found.st_ino && !file->removed) return file;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix) || path[prefix] != '/') return NULL;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    struct file *file = calloc(1, sizeof *file);
    file->inode = found.st_ino, file->size = (size_t)found.st_size, file->last = &file->first;
    strcpy(file->path, path);
    file->bytes = malloc(file->size + 1);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    if (again < 0 || read(again, file->bytes, file->size) != (ssize_t)file->size) abort();
    close(again);
    for (int i = 0; i < name_count; i++) file->named |= names[i] == found.st_ino;
    file->next = files;
    return files = file;
}

static void keep(struct file *file, const struct write *one, size_t from, size_t to) {
    size_t end = (size_t)one->at + to;
    if (end > file->size) {
        file->bytes = realloc(file->bytes, end);
        memset(file->bytes + file->size, 0, end - file->size);
        file->size = end;
    }
    memcpy(file->bytes + one->at + from, one->bytes + from, to - from);
}

static void resize(struct file *file, size_t size) {
    file->bytes = realloc(file->bytes, size + 1);
    if (size > file->size) memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

/* One write reaches the disk: all of it, or where `torn` any of its sectors. */
static void settle(struct file *file, const struct write *one, int torn) {
    if (!one->bytes) {
        if (!torn || roll() % 2) resize(file, (size_t)one->at);
        return;
    }
    for (size_t from = 0, to; from < one->size; from = to) {
        to = from + SECTOR - (size_t)(one->at + (off_t)from) % SECTOR;
        if (to > one->size) to = one->size;
        if (!torn || roll() % 2) keep(file, one, from, to);
    }
}

static void settle_all(struct file *file) {
    for (struct write *one = file->first, *next; one; one = next) {
        settle(file, one, 0);
        next = one->next;
        free(one->bytes), free(one);
    }
    file->first = NULL, file->last = &file->first;
}

static void put(const struct file *file) {
    int handle = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (handle < 0) abort();
    for (size_t done = 0; done < file->size;) {
        long wrote = syscall(SYS_pwrite64, handle, file->bytes + done, file->size - done, (off_t)done);
        if (wrote <= 0) abort();
        done += (size_t)wrote;
    }
    close(handle);
}

/* The power is gone: the files become what the disk has of them. */
static void cut(void) {
    enum loss loss = roll() % KINDS_OF_LOSS;
    for (struct file *file = files; file; file = file->next) {
        if (file->removed) continue;
        for (struct write *one = file->first; one; one = one->next) {
            int whole = (loss == WRITES_LOST && roll() % 2) || (loss == LAST_TORN && one->next);
            int torn = loss == PIECES_LOST || (loss == LAST_TORN && !one->next);
            if (whole || torn) settle(file, one, torn);
        }
        if (!file->named && roll() % 2) syscall(SYS_unlink, file->path);
        else put(file);
    }
    for (struct file *file = files; file; file = file->next)
        if (file->removed && file->named && access(file->path, F_OK) && roll() % 2) put(file);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void count(void) {
    if (--left <= 0) cut();
}

static void remember(struct file *file, off_t at, const void *bytes, size_t size) {
    struct write *one = calloc(1, sizeof *one);
    one->at = at, one->size = size;
    if (bytes) one->bytes = memcpy(malloc(size + 1), bytes, size);
    *file->last = one, file->last = &one->next;
}

ssize_t pwrite64(int handle, const void *bytes, size_t size, off64_t at) {
    pthread_mutex_lock(&one_at_a_time);
    struct file *file = file_of(handle);
    if (file) remember(file, at, bytes, size), count();
    ssize_t wrote = syscall(SYS_pwrite64, handle, bytes, size, at);
    pthread_mutex_unlock(&one_at_a_time);
    return wrote;
}

ssize_t pwrite(int handle, const void *bytes, size_t size, off_t at) { return pwrite64(handle, bytes, size, at); }

ssize_t write(int handle, const void *bytes, size_t size) {
    pthread_mutex_lock(&one_at_a_time);
    struct file *file = file_of(handle);
    if (file) {
        int appends = fcntl(handle, F_GETFL) & O_APPEND;
        remember(file, lseek(handle, 0, appends ? SEEK_END : SEEK_CUR), bytes, size), count();
    }
    ssize_t wrote = syscall(SYS_write, handle, bytes, size);
    pthread_mutex_unlock(&one_at_a_time);
    return wrote;
}

int ftruncate64(int handle, off64_t size) {
    pthread_mutex_lock(&one_at_a_time);
    struct file *file = file_of(handle);
    if (file) remember(file, size, NULL, 0), count();
    int failed = (int)syscall(SYS_ftruncate, handle, size);
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
}

int ftruncate(int handle, off_t size) { return ftruncate64(handle, size); }

static int synced(int handle, long number) {
    struct stat found;
    pthread_mutex_lock(&one_at_a_time);
    int is_folder = armed && !fstat(handle, &found) && S_ISDIR(found.st_mode);
    struct file *file = file_of(handle);
    if (file) count();
    if (!lies && file) settle_all(file);
    if (!lies && is_folder) {
        names_on_disk();
        for (struct file *each = files; each; each = each->next)
            for (int i = each->named = 0; i < name_count; i++) each->named |= names[i] == each->inode && !each->removed;
    }
    int failed = (int)syscall(number, handle);
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
}

int fsync(int handle) { return synced(handle, SYS_fsync); }
int fdatasync(int handle) { return synced(handle, SYS_fdatasync); }

int unlink(const char *path) {
    pthread_mutex_lock(&one_at_a_time);
    int handle = armed ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct file *file = handle < 0 ? NULL : file_of(handle);
    if (file) count(), file->removed = 1;
    if (handle >= 0) close(handle);
    int failed = (int)syscall(SYS_unlink, path);
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
}
