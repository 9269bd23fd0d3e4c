# Everything is a verb of ./dev; this forwards to it for those who type make.
VERBS := build run test bench oracle clang fuzz tsan format lint ci help
.PHONY: $(VERBS)
$(VERBS):
	@./dev $@
