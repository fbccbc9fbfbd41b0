/*
 * A host of libsmmu_sim in C: it brings 1 MiB of memory, programs a context bank, maps a page, moves data through it, and takes a fault.
 *
 *   cc -I capi/include -o host capi/examples/host.c -ldl
 *   ./host target/debug/libsmmu_sim.so "preset=mini engine=rusthdl vcd=host.vcd"
 *
 * Status 0: all came out as it should.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smmu_model.h"

#define MEMORY_BASE 0x80000000ull
#define MEMORY_SIZE 0x100000ull
#define STREAM 0x42u
#define IOVA 0x12345000ull
#define PAGE_AT (MEMORY_BASE + 0x8000)

static unsigned char memory[MEMORY_SIZE];
static int irq_changes;

static unsigned char *at(uint64_t pa, size_t n)
{
	if (pa < MEMORY_BASE || n > MEMORY_SIZE || pa - MEMORY_BASE > MEMORY_SIZE - n)
		return NULL;
	return memory + (pa - MEMORY_BASE);
}

static int mem_read(void *ctx, uint64_t pa, void *buf, size_t n)
{
	unsigned char *from = at(pa, n);

	(void)ctx;
	if (!from)
		return -1;
	memcpy(buf, from, n);
	return 0;
}

static int mem_write(void *ctx, uint64_t pa, const void *buf, size_t n)
{
	unsigned char *to = at(pa, n);

	(void)ctx;
	if (!to)
		return -1;
	memcpy(to, buf, n);
	return 0;
}

static void irq(void *ctx, unsigned line, int level)
{
	(void)ctx;
	irq_changes++;
	printf("interrupt line %u is %s\n", line, level ? "high" : "low");
}

static uint64_t (*reg_read)(uint64_t, unsigned);
static void (*reg_write)(uint64_t, uint64_t, unsigned);
static int (*init)(const struct smmu_host *, const char *);
static void (*fini)(void);
static void (*reset)(void);
static void (*tick)(unsigned);
static int (*irq_level)(unsigned);
static void (*irq_levels)(uint64_t *, unsigned);
static unsigned (*caps)(void);
static int (*translate)(uint32_t, uint64_t, uint32_t, uint64_t *);
static int (*dma)(uint32_t, uint64_t, uint32_t, void *, size_t, size_t *);

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		fprintf(stderr, "the library has no %s\n", name);
		exit(2);
	}
	return found;
}

#define CHECK(condition)                                                                  \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);   \
			exit(1);                                                          \
		}                                                                         \
	} while (0)

static void put64(uint64_t pa, uint64_t word)
{
	int i;

	for (i = 0; i < 8; i++)
		*at(pa + i, 1) = (unsigned char)(word >> (8 * i));
}

int main(int argc, char **argv)
{
	const struct smmu_host host = { SMMU_ABI_VERSION, 0, NULL, mem_read, mem_write, irq };
	const char *args = argc > 2 ? argv[2] : "engine=model";
	unsigned char data[300], back[300];
	uint64_t idr1, cb0, pa = 0, bits = 0;
	size_t done = 0, i;
	void *library;

	if (argc < 2) {
		fprintf(stderr, "usage: %s libsmmu_sim.so [ARGS]\n", argv[0]);
		return 2;
	}
	library = dlopen(argv[1], RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	*(void **)&reg_read = symbol(library, "mmio_read");
	*(void **)&reg_write = symbol(library, "mmio_write");
	*(void **)&init = symbol(library, "smmu_init");
	*(void **)&fini = symbol(library, "smmu_fini");
	*(void **)&reset = symbol(library, "smmu_reset");
	*(void **)&tick = symbol(library, "smmu_tick");
	*(void **)&irq_level = symbol(library, "smmu_irq_level");
	*(void **)&irq_levels = symbol(library, "smmu_irq_levels");
	*(void **)&caps = symbol(library, "smmu_caps");
	*(void **)&translate = symbol(library, "smmu_translate");
	*(void **)&dma = symbol(library, "smmu_dma");

	/* wrong use is an error and no crash */
	CHECK(translate(0, 0, 0, &pa) == -1);
	CHECK(reg_read(0x20, 4) == 0);
	CHECK(init(&host, "preset=nothing") == -1);
	CHECK(init(NULL, "") == -1);

	CHECK(init(&host, args) == 0);
	CHECK(init(&host, args) == -1);
	CHECK(caps() == 0);
	CHECK(reg_read(0x20, 3) == 0);
	CHECK(translate(STREAM, 1ull << 60, 0, &pa) == -1);

	/* out of reset everything passes */
	CHECK(translate(STREAM, 0x5000, 0, &pa) == SMMU_OK && pa == 0x5000);

	/* tables: 39-bit address space, one page */
	idr1 = reg_read(0x24, 4);
	cb0 = ((2ull << (idr1 >> 28 & 7)) << (idr1 >> 31 & 1 ? 16 : 12));
	put64(MEMORY_BASE, (MEMORY_BASE + 0x1000) | 3);
	put64(MEMORY_BASE + 0x1000 + (IOVA >> 21) * 8, (MEMORY_BASE + 0x2000) | 3);
	put64(MEMORY_BASE + 0x2000 + (IOVA >> 12 & 511) * 8, PAGE_AT | 0xF43);
	reg_write(0xC00, 0, 4);              /* S2CR0: translate, bank 0 */
	reg_write(0x800, 1u << 31 | STREAM, 4); /* SMR0 */
	reg_write(0x1000, 0x1F300, 4);       /* CBAR0: stage 1 */
	reg_write(0x1800, 1, 4);             /* CBA2R0: AArch64 */
	reg_write(cb0 + 0x10, 0x38015, 4);   /* TCR2 */
	reg_write(cb0 + 0x30, 0x800019, 4);  /* TCR: T0SZ 25, no region 1 */
	reg_write(cb0 + 0x20, MEMORY_BASE, 8); /* TTBR0 */
	reg_write(cb0, 0x61, 4);             /* SCTLR: on, abort and interrupt on a fault */
	reg_write(0, 0x200406, 4);           /* sCR0: translate; unmatched streams fault */

	CHECK(translate(STREAM, IOVA + 0x678, 0, &pa) == SMMU_OK && pa == PAGE_AT + 0x678);
	printf("%#" PRIx64 " goes to %#" PRIx64 "\n", (uint64_t)IOVA + 0x678, pa);

	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(7 * i + 1);
	CHECK(dma(STREAM, IOVA + 0x101, SMMU_TXN_WRITE, data, sizeof(data), &done) == SMMU_OK && done == sizeof(data));
	CHECK(memcmp(at(PAGE_AT + 0x101, sizeof(data)), data, sizeof(data)) == 0);
	CHECK(*at(PAGE_AT + 0x100, 1) == 0 && *at(PAGE_AT + 0x101 + sizeof(data), 1) == 0);
	CHECK(dma(STREAM, IOVA + 0x101, 0, back, sizeof(back), &done) == SMMU_OK && memcmp(back, data, sizeof(data)) == 0);

	/* a transfer that runs into a page that is not mapped */
	CHECK(dma(STREAM, IOVA + 0xF00, 0, back, sizeof(back), &done) == SMMU_FAULT && done == 0x100);
	CHECK(irq_level(1) == 1 && irq_level(0) == 0 && irq_level(5000) == 0);
	irq_levels(&bits, 1);
	CHECK(bits == 2);
	CHECK((reg_read(cb0 + 0x58, 4) & 0x2) != 0);
	CHECK(reg_read(cb0 + 0x60, 8) == IOVA + 0x1000);
	printf("FSR %#" PRIx64 ", FAR %#" PRIx64 "\n", reg_read(cb0 + 0x58, 4), reg_read(cb0 + 0x60, 8));
	reg_write(cb0 + 0x58, 0xFFFFFFFF, 4);
	tick(1000);
	CHECK(irq_level(1) == 0 && irq_changes == 2);

	/* another stream has no mapping: a global fault */
	CHECK(translate(STREAM + 1, IOVA, SMMU_TXN_WRITE | SMMU_TXN_PRIV, &pa) == SMMU_FAULT);
	CHECK(reg_read(0x48, 4) == 2 && irq_level(0) == 1);

	reset();
	CHECK(irq_level(0) == 0 && translate(STREAM + 1, 0x7000, 0, &pa) == SMMU_OK);
	fini();
	CHECK(init(&host, args) == 0);
	fini();
	printf("all as it should be\n");
	return 0;
}
