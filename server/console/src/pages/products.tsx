export default function Page() { return <div class="page"><h1>products</h1></div>; }
