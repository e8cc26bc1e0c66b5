"""The end-to-end probe: a question that goes through the API, the engine and a worker, and back (rule 24)."""

from temporalio import workflow


@workflow.defn(name="Probe")
class ProbeWorkflow:
    """Runs for ever and does nothing: a query that it answers proves that engine and worker do. It leaves no history."""

    @workflow.run
    async def run(self) -> None:
        """Wait to be asked."""
        await workflow.wait_condition(lambda: False)

    @workflow.query(name="answers")
    def answers(self) -> bool:
        """Say yes."""
        return True
